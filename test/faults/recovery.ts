import { readdirSync } from 'node:fs';
import path from 'node:path';
import { hasEnded } from '../../src-main/shared/domain/run-states.ts';
import { reportOf } from '../../src-main/shared/domain/errors.ts';
import { isAlive } from '../../src-main/system/alive.ts';
import { holderOf } from '../../src-main/workbench/supervision/claim.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { flipguard } from '../helpers/cli.ts';
import { contentOf } from './content.ts';
import type { Content } from './content.ts';
import type { JourneyName, Material } from './journeys.ts';
import { opened } from './reference.ts';

/**
 * What every fault has to leave: a workspace that opens, whole by its own check, with true states; and the journey, resumed or made
 * again, ends as if nothing had happened. Answers what is not so, in sentences.
 */
export async function recover(
  material: Material,
  journey: JourneyName,
  workspace: string,
  expected: Content,
  { orphaned = false } = {},
): Promise<string[]> {
  const losses: string[] = [];
  try {
    const rest = await opened(workspace, async (workbench) => {
      // While an orphan ends its step, its last words are in its folder alone.
      losses.push(...(orphaned ? await untrueStates(workbench) : await faultsOf(workbench)));
      return restOf(journey, workbench, material);
    });
    for (const args of rest) {
      const { status, stderr } = await flipguard(workspace, ...args);
      if (status !== 0) losses.push(`afterwards “${args[0]}” ended with ${status}: ${lastLine(stderr)}`);
    }
    const content = await opened(workspace, async (workbench) => {
      losses.push(...(await faultsOf(workbench)));
      return contentOf(workbench);
    });
    losses.push(...differences(content, expected));
  } catch (error) {
    losses.push(`the workspace does not open: ${reportOf(error).message}`);
  }
  return losses;
}

/** Runs that are said to be at work although nobody looks after them. */
async function untrueStates(workbench: Workbench): Promise<string[]> {
  const atWork = (await workbench.runs.list()).filter(({ status }) => !hasEnded(status));
  return atWork.map(({ status }) => `a run is said to be ${status}`);
}

/** The same, locks that a living process holds, and what the workbench's own check finds and cannot repair. */
async function faultsOf(workbench: Workbench): Promise<string[]> {
  const { findings } = await workbench.checkWorkspace({ repair: true }, quietTask());
  return [
    ...(await untrueStates(workbench)),
    ...(await heldLocks(workbench.core.layout.root)),
    ...findings.filter(({ repaired }) => !repaired).map(({ kind, message }) => `${kind}: ${message}`),
  ];
}

async function heldLocks(root: string): Promise<string[]> {
  const held: string[] = [];
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
    if (!name.endsWith('.lock')) continue;
    const holder = await holderOf(path.join(root, name));
    if (holder !== null && isAlive(holder)) held.push(`${name} is held by process ${holder.pid}`);
  }
  return held;
}

/** What is left to do of a journey, as commands. */
async function restOf(journey: JourneyName, workbench: Workbench, material: Material): Promise<string[][]> {
  const again = material.args(journey, material.folder);
  const [run] = await workbench.runs.list();
  const names = (await workbench.evaluations.list({})).map(({ name }) => name);
  switch (journey) {
    case 'train':
      if (run === undefined) return [again];
      return run.status === 'finished' ? [] : [['resume', run.name]];
    case 'import':
      return names.includes('third') ? [] : [again];
    case 'evaluate':
      return names.some((name) => name.startsWith('small')) ? [] : [again];
    case 'compare':
    case 'report':
      return [again];
  }
}

/** Things that are there twice because a command was given twice count once. */
function differences(content: Content, expected: Content): string[] {
  return (Object.keys(expected) as (keyof Content)[]).flatMap((part) => {
    const once = (list: readonly unknown[]): string[] => {
      const texts = list.map((one) => JSON.stringify(one));
      return part === 'reports' || part === 'files' ? [...new Set(texts)] : texts;
    };
    const [has, wants] = [once(content[part]), once(expected[part])];
    if (has.join('\n') === wants.join('\n')) return [];
    const extra = has.filter((one) => !wants.includes(one)).map(shortened);
    const missing = wants.filter((one) => !has.includes(one)).map(shortened);
    return [`${part} differ: ${has.length} of ${wants.length}; extra ${extra.join(' ')}; missing ${missing.join(' ')}`];
  });
}

const shortened = (text: string): string => (text.length > 160 ? `${text.slice(0, 160)}…` : text);

export function lastLine(text: string): string {
  return text.trim().split('\n').slice(-2).join(' ');
}
