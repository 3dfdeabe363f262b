/**
 * One process of the size run: a job of the trainer, in this process so that the highest memory between two events is known exactly.
 *
 *   node test/size/part.ts JOB.json   → lines of JSON on stdout, {part, seconds, peakBytes}
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { freeDeviceBytes, nativeOps, openBackend } from '../../src-main/backends/index.ts';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { afinn } from '../../src-main/trainer/afinn.ts';
import { JobControl } from '../../src-main/trainer/control.ts';
import { savingPhase } from '../../src-main/trainer/messages.ts';
import { runTrainJob } from '../../src-main/trainer/jobs/train.ts';
import { testPattern } from '../../src-main/trainer/patterns.ts';
import { createPostJson } from '../../src-main/trainer/post-json.ts';
import { createPrograms } from '../../src-main/trainer/programs.ts';
import { Reporter } from '../../src-main/trainer/reporter.ts';

const job = JSON.parse(readFileSync(process.argv[2]!, 'utf8')) as TrainJob;
const control = new JobControl();
const reporter = new Reporter({
  send: () => Promise.resolve(),
  onCommand: () => {},
  onLost: () => {},
  close: () => {},
});
reporter.addCredit(Number.POSITIVE_INFINITY);
const opened = await openBackend();
let since = performance.now();
endPart('process and backend');
let part = 'load';
await runTrainJob(
  job,
  {
    emit: async (event) => {
      const ended = endedBy(event);
      if (ended !== null) endPart(ended);
      await reporter.emit(event);
    },
    control,
    backend: { name: opened.name, device: opened.device, versions: { ...opened.versions } },
    ops: nativeOps(),
    freeBytes: await freeDeviceBytes(opened.name),
    nowMs: Date.now,
    breathe: () => nextTurn(),
    lexicon: afinn,
    postJson: createPostJson({ signal: control.signal }),
    testPattern,
    programs: createPrograms(control.signal, () => {}),
  },
  reporter,
);
await reporter.close();
process.exit(0);

/** The part of the work that ends with this event. */
function endedBy(event: TrainerEventBody): string | null {
  switch (event.type) {
    case 'progress':
      // Loading tells how far it is too; what comes after it ends it.
      if (event.phase === savingPhase || event.unit === 'bytes') return null;
      if (part !== 'load') return null;
      part = 'score';
      return 'load';
    case 'started':
      return part === 'load' ? 'load' : 'score with the reference';
    case 'evaluation-done':
      return `evaluate at step ${event.mark.step}`;
    case 'step':
      return 'step';
    case 'checkpoint':
      return 'save';
    default:
      return null;
  }
}

function endPart(name: string): void {
  const peakKib = /VmHWM:\s*(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  const seconds = (performance.now() - since) / 1000;
  process.stdout.write(`${JSON.stringify({ part: name, seconds, peakBytes: Number(peakKib) * 1024 })}\n`);
  // From here on the highest counts again (Linux).
  writeFileSync('/proc/self/clear_refs', '5');
  since = performance.now();
}
