import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { contentOf } from './content.ts';
import type { Content } from './content.ts';
import type { JourneyName, Material } from './journeys.ts';
import type { Operation } from './plan.ts';
import { startProgram } from './program.ts';

/** A journey that nothing disturbed: what it leaves, how long it took, and what it did to files, in order. */
export interface Reference {
  journey: JourneyName;
  content: Content;
  tookMs: number;
  operations: Operation[];
  /** Numbers of operations; those of one file in a row are one point, since a checkpoint is hundreds of writes. */
  points: { from: number; to: number }[];
}

/** The store as it was after each transaction stays in the material's folder. */
export async function referenceOf(material: Material, journey: JourneyName): Promise<Reference> {
  const folder = mkdtempSync(path.join(material.folder, 'reference-'));
  const workspace = material.workspace(folder);
  const log = path.join(folder, 'operations');
  const began = performance.now();
  const fault = { root: workspace, does: 'record', at: 0, log } as const;
  const ended = await startProgram(['--workspace', workspace, ...material.args(journey, folder)], { fault }).ended;
  const tookMs = performance.now() - began;
  if (ended.status !== 0) throw new Error(`${journey} fails without a fault: ${ended.stderr}`);
  const content = await opened(workspace, contentOf);
  const operations = operationsOf(log);
  rmSync(workspace, { recursive: true, force: true });
  return { journey, content, tookMs, operations, points: pointsOf(operations) };
}

function operationsOf(log: string): Operation[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Operation);
}

function pointsOf(operations: readonly Operation[]): Reference['points'] {
  const points: Reference['points'] = [];
  for (const [i, { op, path: file }] of operations.entries()) {
    const before = operations[i - 1];
    const last = points.at(-1);
    if (last !== undefined && op === 'write' && before?.op === 'write' && before.path === file) last.to = i + 1;
    else points.push({ from: i + 1, to: i + 1 });
  }
  return points;
}

/** Opens a workspace in this process, as the next program would, and closes it. */
export async function opened<T>(folder: string, use: (workbench: Workbench) => Promise<T>): Promise<T> {
  const workbench = await createWorkbench({ folder, shell: 'web', launchTrainer: launchNodeTrainer });
  try {
    return await use(workbench);
  } finally {
    await workbench.close();
  }
}
