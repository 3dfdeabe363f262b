import { existsSync } from 'node:fs';
import path from 'node:path';
import { isKnownShape } from '../../../shared/domain/known-shapes.ts';
import type { MemoryPartName } from '../../../shared/domain/memory-estimate.ts';
import { formatBytes, formatParameters } from '../../../shared/presentation/numbers.ts';
import {
  type MemoryPlan,
  type MemoryWay,
  partsAtPeak,
  planShape,
  planSpec,
  specOfShape,
} from '../../../workbench/runs/memory-plan.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus, type ExitStatus } from '../exit-status.ts';
import { plain, table } from '../terminal.ts';
import { readSpec, withAssignments } from './train.ts';

export interface EstimateFlags {
  set?: string[];
  memory?: number;
}

const gigabyte = 1e9;

/** `flipguard estimate SPEC|SHAPE` */
export async function estimateCommand(
  context: CommandContext,
  what: string,
  flags: EstimateFlags,
): Promise<ExitStatus> {
  const choice = { roomBytes: flags.memory === undefined ? undefined : flags.memory * gigabyte };
  const plan = await planned();
  const { terminal } = context;
  terminal.settle();
  terminal.document(plan);
  terminal.print(describe(plan));
  return exitStatus.ok;

  async function planned(): Promise<MemoryPlan> {
    const set = flags.set ?? [];
    // A file of that name is what was meant, even if it is called 8B.
    if (isKnownShape(what) && !existsSync(path.resolve(what)))
      return planShape(what, withAssignments({ spec: specOfShape(what) }, set), choice);
    if (!existsSync(path.resolve(what)) && path.extname(what) === '') specOfShape(what);
    const input = withAssignments({ yaml: await readSpec(what) }, set);
    return planSpec((await context.workbench()).core, input, choice, context.task);
  }
}

const partWords: Record<MemoryPartName, string> = {
  process: 'program and backend',
  weights: 'weights',
  reading: 'the weight that is being read',
  gradients: 'gradients',
  optimiser: 'optimiser’s moments',
  activations: 'what the backward pass keeps',
  logits: 'logits and their gradient',
  decoding: 'decoding: weights laid out, keys and values',
};
const phaseWords = { load: 'while loading', step: 'in a training step', evaluate: 'in an evaluation' };

function describe(plan: MemoryPlan): string {
  const { asItStands, ways, roomBytes } = plan;
  const { estimate } = asItStands;
  const parts = partsAtPeak(estimate).map(([part, bytes]) => [
    partWords[part],
    formatBytes(bytes),
    `${Math.round((100 * bytes) / estimate.peakBytes)} %`,
  ]);
  return [
    `${plain(plan.model)}, ${formatParameters(plan.parameters)} parameters: ${formatBytes(estimate.peakBytes)} at its highest, ${phaseWords[estimate.peakPhase]}.`,
    fitSentence(asItStands, roomBytes),
    '',
    table(['part', 'memory', 'share'], parts),
    ...(ways.length === 0 ? [] : ['', table(['with', 'memory', 'fits'], [asItStands, ...ways].map(rowOf))]),
    '',
    ...plan.notes,
  ].join('\n');
}

function fitSentence({ fits, estimate }: MemoryWay, roomBytes: number): string {
  const room = formatBytes(roomBytes);
  return fits
    ? `It fits into ${room}.`
    : `It does not fit into ${room}: ${formatBytes(estimate.peakBytes - roomBytes)} are missing.`;
}

function rowOf({ change, estimate, fits }: MemoryWay): string[] {
  return [change, formatBytes(estimate.peakBytes), fits ? 'yes' : 'no'];
}
