import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { CheckpointRecord, EvaluationRecord, MetricSeries, RunRecord } from '@shared/domain/entities.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { advanced, stoppedClock } from '@shared/domain/run-clock.ts';
import type { RunClock } from '@shared/domain/run-clock.ts';
import type { ShownEvent } from '@shared/domain/trainer-events.ts';
import { events, invoke } from '../api/client.ts';
import { useComputation } from './computation.ts';
import { appendSteps, toCurves } from './run-curves.ts';
import type { Curves, StepEvent } from './run-curves.ts';

const logTail = 2000;
const eventsPerRead = 2000;
/** Raw steps kept behind the down-sampled snapshot before the snapshot is taken again. */
const longestTail = 4000;

/**
 * Everything the run view shows, live: a snapshot (record, curves, clock, flip meter, checkpoints) and a tail of the run's own
 * events. The tail follows `seq`; what is left out is fetched from `runs.events`, so nothing is missed or counted twice.
 */
export function useRunFeed(runId: string) {
  const run = shallowRef<RunRecord | null>(null);
  const curves = shallowRef<Curves>({ steps: [], values: new Map() });
  const clock = shallowRef<RunClock>(stoppedClock);
  /** Flips are counted when the run is looked at: the workbench compares evaluations when they are first asked for. */
  const meter = { ...useComputation('runs.flipMeter'), retry: readMeter };
  const checkpoints = shallowRef<CheckpointRecord[]>([]);
  const evaluations = shallowRef<EvaluationRecord[]>([]);
  const log = shallowRef<ShownEvent[]>([]);
  const activity = shallowRef<ShownEvent | null>(null);
  const error = shallowRef<ErrorReport | null>(null);
  const loaded = ref(false);
  /** Last step that is known; the record moves only now and then. */
  const step = computed(() => Math.max(run.value?.step ?? 0, clock.value.newestStep?.step ?? 0));
  let cursor = 0;
  let reading = 0;
  /** Steps since the last snapshot of the curves was asked for. */
  let tail: StepEvent[] = [];
  let readingCurves = false;
  let filling: Promise<void> | null = null;
  let measureAgain = false;
  /** Records that events brought; an answer that was under way meanwhile may be older. */
  let told = 0;

  async function read(): Promise<void> {
    const mine = ++reading;
    loaded.value = false;
    try {
      const before = told;
      const record = await invoke('runs.get', { runId });
      if (mine !== reading) return;
      if (told === before) run.value = record;
      const [time] = await Promise.all([
        invoke('runs.clock', { runId }),
        readCurves(),
        readLog(record.lastSeq),
        readCheckpoints(),
        readEvaluations(),
      ]);
      if (mine !== reading) return;
      // Events after this one are taken from the tail, into the clock too; a clock that is ahead of them is not set back.
      cursor = record.lastSeq;
      clock.value = time;
      error.value = null;
      loaded.value = true;
      attend(readMeter());
      await fill();
    } catch (problem) {
      if (mine === reading) error.value = reportOf(problem);
    }
  }

  /** One at a time. Steps that come while it is under way are put behind the answer, which does not have all of them. */
  async function readCurves(): Promise<void> {
    if (readingCurves) return;
    readingCurves = true;
    tail = [];
    try {
      const series: MetricSeries[] = await invoke('runs.metrics', { runId, points: 1000 });
      curves.value = appendSteps(toCurves(series), tail);
    } finally {
      readingCurves = false;
    }
  }

  async function readLog(lastSeq: number): Promise<void> {
    const answer = await invoke('runs.events', { runId, afterSeq: Math.max(0, lastSeq - logTail), limit: logTail });
    log.value = answer.filter(isLogged);
    activity.value = answer.findLast(isActivity) ?? null;
  }

  /** One at a time; what changes meanwhile is looked at once more at the end. */
  async function readMeter(): Promise<void> {
    measureAgain = true;
    if (meter.working.value) return;
    while (measureAgain) {
      measureAgain = false;
      await meter.ask({ runId });
    }
  }

  async function readCheckpoints(): Promise<void> {
    checkpoints.value = await invoke('checkpoints.list', { runId });
  }

  async function readEvaluations(): Promise<void> {
    evaluations.value = await invoke('evaluations.list', { runId });
  }

  /** What is read besides the tail: its failure is shown, and the tail continues. */
  function attend(part: Promise<unknown>): void {
    part.catch((problem: unknown) => {
      error.value = reportOf(problem);
    });
  }

  /** Events as they are told; a hole before them is filled first. */
  function receive(batch: ShownEvent[]): void {
    const first = batch[0];
    if (!loaded.value || first === undefined) return;
    if (filling !== null || first.seq > cursor + 1) attend(fill());
    else take(batch);
  }

  /** Reads on from the cursor until there is nothing left. One at a time; whoever comes meanwhile has it looked at once more. */
  function fill(): Promise<void> {
    filling ??= readOn().finally(() => (filling = null));
    return filling;
  }

  async function readOn(): Promise<void> {
    for (;;) {
      const batch = await invoke('runs.events', { runId, afterSeq: cursor, limit: eventsPerRead });
      take(batch);
      // What windows do not show is left out of an answer, so a short one is not the last.
      if (batch.length === 0) return;
    }
  }

  function take(batch: ShownEvent[]): void {
    const fresh = batch.filter((event) => event.seq > cursor);
    const last = fresh.at(-1);
    if (last === undefined) return;
    cursor = last.seq;
    clock.value = fresh.filter(({ at }) => at >= (clock.value.lastAt ?? 0)).reduce(advanced, clock.value);
    activity.value = fresh.findLast(isActivity) ?? activity.value;
    const steps = fresh.filter((event) => event.type === 'step');
    if (steps.length > 0) {
      curves.value = appendSteps(curves.value, steps);
      tail.push(...steps);
      if (tail.length > longestTail) attend(readCurves());
    }
    const lines = fresh.filter(isLogged);
    if (lines.length > 0) log.value = [...log.value, ...lines].slice(-logTail);
    if (fresh.some((event) => event.type === 'checkpoint')) attend(readCheckpoints());
    if (fresh.some((event) => event.type === 'evaluation-done')) attend(Promise.all([readMeter(), readEvaluations()]));
  }

  const stopListening = [
    events().on('run', (event) => {
      if (event.run.id !== runId) return;
      told += 1;
      run.value = event.run;
    }),
    events().on('run-events', (event) => {
      if (event.runId === runId) receive(event.events);
    }),
    events().on('changed', ({ lists }) => {
      if (!loaded.value) return;
      if (lists.includes('evaluations') || lists.includes('comparisons'))
        attend(Promise.all([readMeter(), readEvaluations()]));
    }),
    events().onResync(() => attend(read())),
  ];
  onScopeDispose(() => {
    reading += 1;
    stopListening.forEach((stop) => stop());
  });

  return { run, curves, clock, step, meter, checkpoints, evaluations, log, activity, error, loaded, read };
}

/** Steps are drawn and batches counted; everything else is a line of the log. */
function isLogged(event: ShownEvent): boolean {
  return !['step', 'evaluation-batch', 'ledger', 'samples', 'estimate', 'benchmark'].includes(event.type);
}

/** Events that say what the trainer is at now. */
function isActivity(event: ShownEvent): boolean {
  return ['step', 'progress', 'evaluation-started', 'evaluation-done', 'checkpoint'].includes(event.type);
}
