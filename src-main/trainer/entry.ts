import * as path from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { freeDeviceBytes, nativeOps, openBackend } from '../backends/index.ts';
import { asFailure } from '../engine/failure.ts';
import type { TrainerJob } from '../shared/domain/jobs.ts';
import type { BackendInfo } from '../shared/domain/trainer-events.ts';
import { WorkbenchError, assertNever, reportOf } from '../shared/domain/errors.ts';
import { openChildChannel } from './child-channel.ts';
import { EventFile } from './event-file.ts';
import { openFileChannel } from './file-channel.ts';
import { JobControl } from './control.ts';
import { afinn } from './afinn.ts';
import type { JobContext } from './job-context.ts';
import { runBenchmarkJob } from './jobs/benchmark.ts';
import { runChesJob } from './jobs/ches.ts';
import { runMarginsJob } from './jobs/margins.ts';
import { runEstimateJob } from './jobs/estimate.ts';
import { runEvaluateJob } from './jobs/evaluate.ts';
import { runGradientProductsJob } from './jobs/gradient-products.ts';
import { runLedgerJob } from './jobs/ledger.ts';
import { runMergeJob } from './jobs/merge.ts';
import { runMergeModelsJob } from './jobs/merge-models.ts';
import { runSampleJob } from './jobs/sample.ts';
import { Questions } from './jobs/questions.ts';
import { runServeJob } from './jobs/serve.ts';
import { runTrainJob } from './jobs/train.ts';
import { createPostJson } from './post-json.ts';
import { testPattern } from './patterns.ts';
import { createPrograms } from './programs.ts';
import { savingPhase } from './messages.ts';
import { setThreadsFor } from './model-work.ts';
import { watchOwner } from './orphan-watch.ts';
import { Pending } from '../system/pending.ts';
import { Reporter } from './reporter.ts';

/** The trainer: one job, told by a host over the channel or, without one, by a file (`entry.ts JOB.json`), then it ends. */
const jobFile = process.argv[2];
const channel = jobFile === undefined ? openChildChannel() : openFileChannel(jobFile);
const reporter = new Reporter(channel);
const control = new JobControl();
const questions = new Questions(control);
const telling = new Pending((error) => process.stderr.write(`${String(error)}\n`));
const programs = createPrograms(control.signal, (message) =>
  telling.add(reporter.emit({ type: 'log', level: 'info', message })),
);
const watch = watchOwner();
let working: Promise<void> | null = null;

channel.onCommand((command) => {
  switch (command.type) {
    case 'job':
      // The process lives as long as this: nobody else has to wait for it.
      working ??= ending(() => runToItsEnd(command.job));
      return;
    case 'stop':
      return control.stop();
    case 'pause':
      return control.pause();
    case 'resume':
      return control.resume();
    case 'credit':
      return reporter.addCredit(command.batches);
    case 'ask':
      return questions.ask(command.id, command.question);
    case 'forget':
      return questions.forget(command.id);
    case 'set-guard-weight':
      return control.setGuardWeight(command.weight);
    default:
      return assertNever(command);
  }
}, refuse);
// Without a host nobody takes batches or asks to stop: a run ends its step, writes a checkpoint and leaves.
channel.onLost(() => {
  reporter.addCredit(Number.POSITIVE_INFINITY);
  control.stop();
});

/** One unreadable command must not end a run; where there is no job yet it was the job, and nothing else would ever come of it. */
function refuse(error: unknown): void {
  const report = reportOf(error);
  process.stderr.write(`${report.message}\n`);
  working ??= ending(async () => {
    await reporter.emit({ type: 'failed', error: report, step: null });
    await reporter.close();
  });
}

/** Never rejects: what even the last word could not carry is said on stderr, which the host keeps. */
async function ending(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = 1;
    channel.close();
  } finally {
    await watch.close();
  }
}

async function runToItsEnd(job: TrainerJob): Promise<void> {
  try {
    // Nobody listens: what it has to say is next to its job. A run's events are in its own folder.
    if (jobFile !== undefined && job.kind !== 'train')
      reporter.writeTo(await EventFile.open(path.join(path.dirname(path.resolve(jobFile)), 'events.ndjson')));
    await setThreadsFor(job);
    await runJob(job, await openContext());
  } catch (error) {
    await reporter.emit(endOf(error, job));
  } finally {
    await programs.close();
    await telling.settled();
    await reporter.close();
  }
}

async function runJob(job: TrainerJob, context: JobContext): Promise<void> {
  switch (job.kind) {
    case 'train':
      return runTrainJob(job, context, reporter);
    case 'evaluate':
      return finish(context, runEvaluateJob(job, context));
    case 'ledger':
      return finish(context, runLedgerJob(job, context));
    case 'merge-models':
      return finish(context, runMergeModelsJob(job));
    case 'ches':
      return finish(context, runChesJob(job, context));
    case 'margins':
      return finish(context, runMarginsJob(job, context));
    case 'gradient-products':
      return finish(context, runGradientProductsJob(job, context));
    case 'sample':
      return finish(context, runSampleJob(job, context));
    case 'merge':
      return finish(context, runMergeJob(job, context));
    case 'estimate':
      return finish(context, runEstimateJob(job, context));
    case 'benchmark':
      return finish(context, runBenchmarkJob(job, context));
    case 'serve':
      return finish(context, runServeJob(job, context, questions));
    default:
      return assertNever(job);
  }
}

/** Jobs other than runs have no steps; they end when their work has. */
async function finish(context: JobContext, done: Promise<void>): Promise<void> {
  await done;
  await context.emit({ type: 'finished', outcome: control.stopping() ? 'stopped' : 'completed', step: 0 });
}

/** Work that was stopped ends as `stopped`; anything else that was thrown has failed. */
function endOf(error: unknown, job: TrainerJob) {
  if (error instanceof WorkbenchError && error.code === 'cancelled' && control.stopping()) {
    // A run that was stopped before it went on is where its checkpoint left it.
    const step = job.kind === 'train' ? (job.record?.checkpoint ?? 0) : 0;
    return { type: 'finished' as const, outcome: 'stopped' as const, step };
  }
  if (!(error instanceof WorkbenchError) && error instanceof Error) process.stderr.write(`${error.stack ?? ''}\n`);
  return {
    type: 'failed' as const,
    error: asFailure(error, 'spec' in job ? job.spec.batch : undefined).toReport(),
    step: null,
  };
}

async function openContext(): Promise<JobContext> {
  const opened = await openBackend();
  const backend: BackendInfo = {
    name: opened.name,
    device: opened.device,
    versions: { ...opened.versions },
    ...(opened.notes.length === 0 ? {} : { warning: opened.notes.join(' ') }),
  };
  return {
    emit: (event) => {
      watch.saving(event.type === 'progress' && event.phase === savingPhase);
      return reporter.emit(event);
    },
    control,
    backend,
    ops: nativeOps(),
    freeBytes: await freeDeviceBytes(opened.name),
    nowMs: Date.now,
    breathe: () => nextTurn(),
    lexicon: afinn,
    postJson: createPostJson({ signal: control.signal }),
    testPattern,
    programs,
  };
}
