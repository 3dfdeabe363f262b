import { hash } from 'node:crypto';
import type { LogEntry } from '../../imports/trainer-folder/trainer-state.ts';
import { isStepMetric } from '../../shared/domain/metrics.ts';
import type { StepMetrics } from '../../shared/domain/metrics.ts';
import type { TrainerEventBody } from '../../shared/domain/trainer-events.ts';
import type { FollowNote } from './follow-note.ts';

type StepBody = Extract<TrainerEventBody, { type: 'step' }>;

export interface NewSteps {
  events: StepBody[];
  /** The step from which the trainer’s log is another one than was taken; null where it only went on. */
  rewoundTo: number | null;
  taken: FollowNote['steps'];
}

/**
 * What a trainer’s log has beyond what was taken. A trainer that went on from an earlier checkpoint has another log from there on:
 * what was taken of the abandoned stretch has to go.
 */
export function newSteps(entries: readonly LogEntry[], before: FollowNote['steps']): NewSteps {
  const groups = byStep(entries);
  const sums = groups.map(({ step, epoch, numbers }) => ({ step, sum: sumOf(epoch, numbers) }));
  let same = 0;
  while (same < before.length && before[same]?.sum === sums[same]?.sum && before[same]?.step === sums[same]?.step)
    same++;
  const isSummary =
    same === before.length - 1 && before[same]?.step === sums[same]?.step && groups.length === before.length;
  const rewoundTo = same < before.length && !isSummary ? (before[same - 1]?.step ?? 0) : null;
  return { events: groups.slice(same).map(stepEvent), rewoundTo, taken: sums };
}

/** Lines of one step are one event: what was logged, and what an evaluation at that step found. */
function byStep(entries: readonly LogEntry[]): LogEntry[] {
  const groups = new Map<number, LogEntry>();
  for (const { step, epoch, numbers } of entries) {
    groups.set(step, { step, epoch, numbers: { ...groups.get(step)?.numbers, ...numbers } });
  }
  return [...groups.values()].sort((a, b) => a.step - b.step);
}

function sumOf(epoch: number, numbers: LogEntry['numbers']): string {
  const fields = Object.entries(numbers).sort(([a], [b]) => (a < b ? -1 : 1));
  return hash('sha256', JSON.stringify([epoch, fields]), 'hex').slice(0, 20);
}

function stepEvent({ step, epoch, numbers }: LogEntry): StepBody {
  const fields = Object.entries(numbers);
  const others = Object.fromEntries(fields.filter(([name]) => !isStepMetric(name)));
  const metrics: StepMetrics = Object.fromEntries(fields.filter(([name]) => isStepMetric(name)));
  return { type: 'step', step, epoch, metrics, ...(Object.keys(others).length === 0 ? {} : { others }), tables: {} };
}
