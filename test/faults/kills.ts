import { mkdtempSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import type { Material } from './journeys.ts';
import { startProgram, untilGone } from './program.ts';
import type { Ended, Program } from './program.ts';
import { lastLine, recover } from './recovery.ts';
import type { Reference } from './reference.ts';

export interface Trial {
  what: string;
  losses: string[];
}

/** One journey, one kill at a random point of it, by a count of operations or by time, and all that has to hold afterwards. */
export async function tryKill(material: Material, reference: Reference, random: SeededRandom): Promise<Trial> {
  const { journey } = reference;
  const folder = mkdtempSync(path.join(material.folder, 'kill-'));
  const workspace = material.workspace(folder);
  const args = ['--workspace', workspace, ...material.args(journey, folder)];
  const { what, program, killed } = strike(reference, random, workspace, args);
  const ended = await program.ended;
  await killed;
  const losses = wordsOf(ended);
  // The next program may come while a trainer that lost its owner still ends its step.
  if (random.next() < 0.5) losses.push(...listOf(await untilGone(program.pid)));
  const orphaned = program.living().length > 0;
  losses.push(...(await recover(material, journey, workspace, reference.content, { orphaned })));
  losses.push(...listOf(await untilGone(program.pid)));
  rmSync(folder, { recursive: true, force: true });
  return { what, losses };
}

interface Strike {
  what: string;
  program: Program;
  killed: Promise<void>;
}

function strike(
  { journey, points, tookMs }: Reference,
  random: SeededRandom,
  workspace: string,
  args: readonly string[],
): Strike {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random.next() * list.length)] as T;
  const who = pick(['owner', 'child', 'all'] as const);
  // A reader of imports changes no file of the workspace.
  const counts = who !== 'child' || journey === 'train' || journey === 'evaluate';
  if (random.next() < 0.6 && counts) {
    const { from, to } = pick(points);
    const at = from + Math.floor(random.next() * (to - from + 1));
    const only = who === 'all' ? {} : { only: who === 'child' ? ('trainer' as const) : ('owner' as const) };
    const dies = who === 'all' ? 'all' : 'itself';
    const fault = { root: workspace, does: 'kill', at, dies, ...only } as const;
    const what = `${journey}: ${nameOf(who)} at operation ${at}`;
    return { what, program: startProgram(args, { fault }), killed: Promise.resolve() };
  }
  const delayMs = random.next() * tookMs;
  const program = startProgram(args);
  const killed = new Promise<void>((resolve) => {
    const timer = setTimeout(() => {
      program.kill(who);
      resolve();
    }, delayMs);
    void program.ended.then(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  return { what: `${journey}: ${nameOf(who)} after ${Math.round(delayMs)} ms`, program, killed };
}

function nameOf(who: 'owner' | 'child' | 'all'): string {
  return { owner: 'the owner', child: 'the child', all: 'both' }[who];
}

/** A program that outlived the fault says in a sentence how it ended. */
function wordsOf({ status, signal, stderr, hung }: Ended): string[] {
  if (hung) return ['it hung'];
  if (signal !== null || status === 0) return [];
  return /\n\s+at |internal|ERR_/.test(stderr) || stderr.trim() === ''
    ? [`it ended with ${status} and no sentence: ${lastLine(stderr)}`]
    : [];
}

function listOf(loss: string | null): string[] {
  return loss === null ? [] : [loss];
}
