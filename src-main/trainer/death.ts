import { readFileSync } from 'node:fs';
import type { ErrorReport } from '../shared/domain/errors.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import { lessMemory } from '../shared/domain/run-failure.ts';
import type { TrainerExit } from './host.ts';

/** Processes that Linux has ended for lack of memory since it started; null on other systems. */
export function countOomKills(): number | null {
  try {
    const count = /^oom_kill (\d+)$/m.exec(readFileSync('/proc/vmstat', 'utf8'))?.[1];
    return count === undefined ? null : Number(count);
  } catch {
    return null;
  }
}

/** oneDNN fails to create a primitive where it gets no memory for it. */
const outOfMemory =
  /out of memory|heap limit|bad_alloc|OOM when allocating|cannot allocate memory|could not create a (primitive|memory)/i;
/** What TensorFlow and Node say at every start. */
const chatter =
  /^[IW]\d{4} |^\d{4}-\d\d-\d\d [\d:.]+: [IW] |^\(node:\d+\)|^\(Use `|^WARNING: All log messages before absl|^To enable the following/;
const keptLines = 3;

/**
 * How a child ended that said no last word. Lack of memory is told by its own last lines (a native abort, the end of V8's heap) or,
 * when it was killed, by the system's count of such kills; a kill without that is someone's decision.
 */
export function deathReport(
  exit: TrainerExit,
  { stderr, job, oomKilled }: { stderr: string; job: TrainerJob; oomKilled: boolean },
): ErrorReport {
  const killed = exit.signal === 'SIGKILL' || exit.code === 137;
  const said = stderr.split('\n').map((line) => line.trim());
  const telling = said.filter((line) => line !== '' && !chatter.test(line));
  const complaint = telling.find((line) => outOfMemory.test(line));
  if (complaint !== undefined || (killed && oomKilled)) {
    return {
      code: 'out-of-memory',
      message:
        complaint === undefined
          ? 'Memory ran out, and the system ended the trainer process.'
          : `Memory ran out and ended the trainer process: ${complaint}`,
      remedy: 'spec' in job ? lessMemory(job.spec.batch) : 'Free memory on this machine, or use a smaller model.',
    };
  }
  const how = exit.signal === null ? `with status ${exit.code ?? 'unknown'}` : `by ${exit.signal}`;
  const lastLines = telling.slice(-keptLines).join('\n');
  return {
    code: 'internal',
    message: `The trainer process ended ${how} before its work was done.${lastLines === '' ? '' : ` Its last words: ${lastLines}`}`,
    remedy: `${killed ? 'Something ended it from outside. If memory was short, lower batch.size or batch.maxLength. ' : ''}${job.kind === 'train' ? 'The run can be resumed from its last checkpoint.' : 'Start it again.'}`,
  };
}
