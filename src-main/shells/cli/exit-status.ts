import { assertNever } from '../../shared/domain/errors.ts';
import type { ErrorCode } from '../../shared/domain/errors.ts';

/** What scripts decide by. */
export const exitStatus = { ok: 0, no: 1, input: 2, failure: 3 } as const;
export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

export function statusOf(code: ErrorCode): ExitStatus {
  switch (code) {
    case 'bad-input':
    case 'not-found':
    case 'conflict':
    case 'unsupported':
      return exitStatus.input;
    case 'corrupt':
    case 'io':
    case 'out-of-memory':
    case 'diverged':
    case 'cancelled':
    case 'unavailable':
    case 'internal':
      return exitStatus.failure;
    default:
      return assertNever(code);
  }
}
