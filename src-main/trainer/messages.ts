import { WorkbenchError } from '../shared/domain/errors.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import { questionSchema } from '../shared/domain/serving.ts';
import type { Question } from '../shared/domain/serving.ts';
import type { TrainerEvent } from '../shared/domain/trainer-events.ts';
import { readTrainerEvent } from '../shared/domain/trainer-events.ts';

/**
 * What passes between the host (one per job) and its child. The transport keeps order and copies values (Node's child
 * IPC, Electron's utilityProcess).
 *
 * Host → child. The first command is `job`; it comes once. A stop lets the current step end and, in a run, writes a checkpoint.
 */
export type TrainerCommand =
  | { type: 'job'; job: TrainerJob }
  | { type: 'stop' }
  | { type: 'pause' }
  | { type: 'resume' }
  /** The host has taken `batches` more evaluation batches; the child may send as many again. */
  | { type: 'credit'; batches: number }
  | { type: 'set-guard-weight'; weight: number }
  /** Of a job that serves: a question, answered by `answer` events of its number; and that nobody waits for one any more. */
  | { type: 'ask'; id: number; question: Question }
  | { type: 'forget'; id: number };

/**
 * Child → host: events in the order of their `seq`, none left out. Steps wait up to `stepFlushMs` for company; every
 * other event goes at once and takes the waiting steps along. In a train job each event is already a line of `events.ndjson`.
 */
export interface TrainerReport {
  type: 'events';
  events: TrainerEvent[];
}

/** Evaluation batches the child may send before the host gives its first credit. */
export const initialCredit = 4;
/** The phase of the progress that a run tells before it writes a checkpoint: a host that waits for its end waits longer then. */
export const savingPhase = 'writing a checkpoint';
/** Steps are sent at most this often (ten times a second). */
export const stepFlushMs = 100;

/** Of every job, so that the compiler asks for a new one here: a job that is not known is refused. */
const jobKinds: Readonly<Record<TrainerJob['kind'], true>> = {
  train: true,
  evaluate: true,
  ledger: true,
  'merge-models': true,
  sample: true,
  merge: true,
  estimate: true,
  ches: true,
  margins: true,
  'gradient-products': true,
  serve: true,
  benchmark: true,
};

/** Checks what the transport delivered: type and the fields the child acts on. The job's own content is the host's word. */
export function parseCommand(value: unknown): TrainerCommand {
  const command = record(value);
  switch (command.type) {
    case 'stop':
    case 'pause':
    case 'resume':
      return { type: command.type };
    case 'credit':
      return { type: 'credit', batches: finite(command.batches, 'credit.batches') };
    case 'set-guard-weight':
      return { type: 'set-guard-weight', weight: Math.max(0, finite(command.weight, 'set-guard-weight.weight')) };
    case 'ask':
      return { type: 'ask', id: finite(command.id, 'ask.id'), question: parseQuestion(command.question) };
    case 'forget':
      return { type: 'forget', id: finite(command.id, 'forget.id') };
    case 'job': {
      const job = record(command.job);
      if (typeof job.kind !== 'string' || !Object.hasOwn(jobKinds, job.kind))
        throw refuse(`job.kind ${String(job.kind)}`);
      return { type: 'job', job: job as unknown as TrainerJob };
    }
    default:
      throw refuse(`command ${String(command.type)}`);
  }
}

function parseQuestion(value: unknown): Question {
  const parsed = questionSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw refuse(`ask.question ${parsed.error.issues[0]?.path.join('.') ?? ''}`);
}

/** The host's side of the same check. */
export function parseReport(value: unknown): TrainerReport {
  const report = record(value);
  if (report.type !== 'events' || !Array.isArray(report.events)) throw refuse(`report ${String(report.type)}`);
  return { type: 'events', events: report.events.map(parseEvent) };
}

/** One event: from a report, or a line of `events.ndjson` after `JSON.parse`. */
export function parseEvent(value: unknown): TrainerEvent {
  const read = readTrainerEvent(value);
  if ('fault' in read) throw refuse(read.fault);
  return read.event;
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null) throw refuse(typeof value);
  return value as Record<string, unknown>;
}

function finite(value: unknown, name: string): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw refuse(`${name} ${String(value)}`);
  return value;
}

function refuse(what: string): WorkbenchError {
  return new WorkbenchError('bad-input', `The trainer's channel carried something unexpected: ${what}.`);
}
