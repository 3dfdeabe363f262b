import { WorkbenchError } from '../shared/domain/errors.ts';
import type { Place } from './types.ts';

/** The closed list of why a record becomes no row. */
export const problemReasons = [
  'bad-json',
  'bad-csv',
  'invalid-utf8',
  'nul-bytes',
  'too-large',
  'too-deep',
  'truncated', // the file ends inside the record
  'columns', // a CSV row with more or fewer fields than the header
  'not-an-object',
  'missing-field',
  'wrong-type',
  'empty',
  'identical', // chosen and rejected are the same
  'unknown-verdict',
  'out-of-range',
  'duplicate-id',
  'unsafe-name', // an archive entry that points outside
  'unreadable-entry',
  'inflation', // an archive entry that grows beyond the limits
  'unsupported-content', // images, audio
] as const;
export type ProblemReason = (typeof problemReasons)[number];

export interface Problem {
  reason: ProblemReason;
  message: string;
  /** Dotted path of the field at fault. */
  field?: string;
}

/** Thrown inside a mapper to refuse the record at hand; the stream turns it into a problem row. Never leaves the imports. */
export class Misfit extends Error {
  readonly problem: Problem;

  constructor(reason: ProblemReason, message: string, field?: string) {
    // Control flow, caught a few frames up: stacks of a million records that do not fit cost more than reading them.
    const before = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(message);
    Error.stackTraceLimit = before;
    this.problem = { reason, message, ...(field === undefined ? {} : { field }) };
  }
}

/** A problem as the error that ends a strict import. */
export function strictError(place: Place, problem: Problem): WorkbenchError {
  return new WorkbenchError('bad-input', `${place.file}, line ${place.line}: ${problem.message}`, {
    remedy: 'Fix the record, or import without strict: records that do not fit are then counted and left out.',
    place: { ...place, ...(problem.field === undefined ? {} : { field: problem.field }) },
  });
}
