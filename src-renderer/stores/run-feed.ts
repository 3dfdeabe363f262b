import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { FlipMeterPoint } from '@shared/contract/views.ts';
import type { CheckpointRecord, EvaluationRecord, MetricSeries, RunRecord } from '@shared/domain/entities.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import type { ShownEvent } from '@shared/domain/trainer-events.ts';
import { events, invoke } from '../api/client.ts';
import { appendSteps, toCurves } from './run-curves.ts';
import type { Curves } from './run-curves.ts';

const logTail = 2000;
const eventsPerRead = 2000;
/** Raw steps kept behind the down-sampled snapshot before the snapshot is taken anew. */
const longestTail = 4000;

/**
 * Everything the run view shows, live: a snapshot (record, curves, flip meter, checkpoints) and a tail of the run's own
 * events. The tail follows `seq`; what is left out is fetched from `runs.events`, so nothing is missed or counted twice.
 */
export function useRunFeed(runId: string) {
  const run = shallowRef<RunRecord | null>(null);
  const curves = shallowRef<Curves>({ steps: [], values: new Map() });
  const meter = shallowRef<FlipMeterPoint[]>([]);
  const checkpoints = shallowRef<CheckpointRecord[]>([]);
  const evaluations = shallowRef<EvaluationRecord[]>([]);
  const log = shallowRef<ShownEvent[]>([]);
  const error = shallowRef<ErrorReport | null>(null);
  const loaded = ref(false);
  /** Flips are being counted: the workbench compares evaluations when they are first asked for. */
  const measuring = ref(false);
  const phase = computed(() => log.value.findLast((event) => event.type === 'progress') ?? null);
  let cursor = 0;
  let tail = 0;
  let filling: Promise<void> | null = null;
  let measureAgain = false;
  /** Records that events brought; an answer that was under way meanwhile may be older. */
  let told = 0;

  async function read(): Promise<void> {
    try {
      const before = told;
      const record = await invoke('runs.get', { runId });
      if (told === before) run.value = record;
      cursor = record.lastSeq;
      void readMeter();
      await Promise.all([readCurves(), readLog(record.lastSeq), readCheckpoints(), readEvaluations()]);
      error.value = null;
      loaded.value = true;
      await fill();
    } catch (problem) {
      error.value = reportOf(problem);
    }
  }

  async function readCurves(): Promise<void> {
    const series: MetricSeries[] = await invoke('runs.metrics', { runId, points: 1000 });
    curves.value = toCurves(series);
    tail = 0;
  }

  async function readLog(lastSeq: number): Promise<void> {
    const answer = await invoke('runs.events', { runId, afterSeq: Math.max(0, lastSeq - logTail), limit: logTail });
    log.value = answer.filter(isLogged);
  }

  /** One at a time; what changes meanwhile is looked at once more at the end. */
  async function readMeter(): Promise<void> {
    if (measuring.value) return void (measureAgain = true);
    measuring.value = true;
    try {
      do {
        measureAgain = false;
        meter.value = await invoke('runs.flipMeter', { runId });
      } while (measureAgain);
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      measuring.value = false;
    }
  }

  async function readCheckpoints(): Promise<void> {
    checkpoints.value = await invoke('checkpoints.list', { runId });
  }

  async function readEvaluations(): Promise<void> {
    evaluations.value = await invoke('evaluations.list', { runId });
  }

  /** Events as they are told; a hole before them is filled first. */
  function receive(batch: ShownEvent[]): void {
    const first = batch[0];
    if (!loaded.value || first === undefined) return;
    if (filling !== null || first.seq > cursor + 1) void fill();
    else take(batch);
  }

  /** Reads on from the cursor until there is nothing left. One at a time. */
  function fill(): Promise<void> {
    filling ??= readOn().finally(() => (filling = null));
    return filling;
  }

  async function readOn(): Promise<void> {
    for (;;) {
      const batch = await invoke('runs.events', { runId, afterSeq: cursor, limit: eventsPerRead });
      take(batch);
      if (batch.length < eventsPerRead) return;
    }
  }

  function take(batch: ShownEvent[]): void {
    const fresh = batch.filter((event) => event.seq > cursor);
    const last = fresh.at(-1);
    if (last === undefined) return;
    cursor = last.seq;
    const steps = fresh.filter((event) => event.type === 'step');
    if (steps.length > 0) {
      curves.value = appendSteps(curves.value, steps);
      tail += steps.length;
      if (tail > longestTail) void readCurves();
    }
    const lines = fresh.filter(isLogged);
    if (lines.length > 0) log.value = [...log.value, ...lines].slice(-logTail);
    if (fresh.some((event) => event.type === 'checkpoint')) void readCheckpoints();
    if (fresh.some((event) => event.type === 'evaluation-done')) void Promise.all([readMeter(), readEvaluations()]);
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
        void Promise.all([readMeter(), readEvaluations()]);
    }),
    events().onResync(() => void read()),
  ];
  onScopeDispose(() => stopListening.forEach((stop) => stop()));

  return { run, curves, meter, checkpoints, evaluations, log, phase, error, loaded, measuring, read };
}

/** Steps are drawn and batches counted; everything else is a line of the log. */
function isLogged(event: ShownEvent): boolean {
  return !['step', 'evaluation-batch', 'ledger', 'samples', 'estimate'].includes(event.type);
}
