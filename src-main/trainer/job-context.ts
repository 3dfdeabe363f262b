import type { NativeOps } from '../engine/ports.ts';
import type { Lexicon } from '../engine/evaluate/lexicon.ts';
import type { PostJson } from '../engine/evaluate/judge.ts';
import type { TestPattern } from '../engine/evaluate/scorers.ts';
import type { BackendInfo, TrainerEventBody } from '../shared/domain/trainer-events.ts';
import type { Programs } from './programs.ts';
import type { JobControl } from './control.ts';

/** What every job of the child has at hand. */
export interface JobContext {
  emit(event: TrainerEventBody): Promise<void>;
  control: JobControl;
  backend: BackendInfo;
  ops: NativeOps;
  /** Memory of the device that was free when the job began, in bytes. */
  freeBytes: number;
  nowMs(): number;
  /** Lets messages in; called between pieces of work. */
  breathe(): Promise<void>;
  lexicon(): Lexicon;
  postJson: PostJson;
  testPattern: TestPattern;
  /** A person’s own programs, each started once. */
  programs: Programs;
}

/** Progress of a phase, told a few times a second at most, with the time it will still take. */
export function progressOf(
  context: JobContext,
  phase: string,
  { unit, fromTotal = 0 }: ProgressOptions = {},
): (done: number, total: number) => Promise<void> {
  const startedMs = context.nowMs();
  let toldMs = Number.NEGATIVE_INFINITY;
  return async (done, total) => {
    await context.breathe();
    context.control.throwIfStopping();
    const now = context.nowMs();
    if (total < fromTotal) return;
    if (done < total && now - toldMs < progressEveryMs) return;
    toldMs = now;
    const etaMs = done === 0 ? null : ((now - startedMs) / done) * (total - done);
    await context.emit({ type: 'progress', phase, done, total, etaMs, ...(unit === undefined ? {} : { unit }) });
  };
}

interface ProgressOptions {
  unit?: 'bytes';
  /** Less than this in all is over before anybody could read of it, and is not told. */
  fromTotal?: number;
}

const progressEveryMs = 250;
