import { markRaw, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { Neighbour, SampleDetail, TimelineMark, TrainingTrace } from '@shared/domain/flip-view.ts';
import type { Annotation } from '@shared/domain/entities.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { invoke } from '../api/client.ts';
import { useComputation } from './computation.ts';

const remembered = 60;

/** The sample that is open. Its texts come at once; timeline, ledger and neighbours when they are looked at. */
export const useSample = defineStore('sample', () => {
  const detail = shallowRef<SampleDetail | null>(null);
  const timeline = shallowRef<TimelineMark[] | null>(null);
  const training = shallowRef<TrainingTrace[] | null>(null);
  const neighbours = shallowRef<Neighbour[] | null>(null);
  /** Token ledgers: both models are run over the texts. */
  const ledger = useComputation('samples.ledger');
  const error = shallowRef<ErrorReport | null>(null);
  const details = new Map<string, Promise<SampleDetail>>();
  let current = '';

  async function show(comparisonId: string, sampleKey: number): Promise<void> {
    const key = keyOf(comparisonId, sampleKey);
    if (key === current && error.value === null) return;
    current = key;
    timeline.value = training.value = neighbours.value = null;
    ledger.clear();
    try {
      const answer = await read(comparisonId, sampleKey);
      if (key !== current) return;
      detail.value = answer;
      error.value = null;
    } catch (problem) {
      if (key === current) error.value = reportOf(problem);
    }
  }

  /** Fetches a sample that is likely to be opened next. */
  function prefetch(comparisonId: string, sampleKey: number): void {
    read(comparisonId, sampleKey).catch(() => undefined);
  }

  function read(comparisonId: string, sampleKey: number): Promise<SampleDetail> {
    const key = keyOf(comparisonId, sampleKey);
    const known = details.get(key);
    if (known !== undefined) return known;
    const answer = invoke('samples.get', { comparisonId, sampleKey });
    details.set(key, answer);
    answer.catch(() => details.delete(key));
    for (const oldest of details.keys()) {
      if (details.size <= remembered) break;
      details.delete(oldest);
    }
    return answer;
  }

  async function readTimeline(): Promise<void> {
    await readPart(timeline, ({ sampleKey }) => invoke('samples.timeline', { sampleKey }));
  }

  async function readTraining(): Promise<void> {
    await readPart(training, ({ sampleKey }) => invoke('samples.training', { sampleKey }));
  }

  async function readNeighbours(): Promise<void> {
    await readPart(neighbours, (sample) => invoke('samples.neighbours', { ...sample, limit: 10 }));
  }

  async function readLedger(): Promise<void> {
    if (current !== '') await ledger.ask(refOf(current));
  }

  async function readPart<T>(
    target: { value: T | null },
    ask: (sample: { comparisonId: string; sampleKey: number }) => Promise<T>,
  ): Promise<void> {
    const key = current;
    if (key === '' || target.value !== null) return;
    const answer = await ask(refOf(key));
    if (key === current) target.value = answer;
  }

  /** What triage changed, shown without asking again. */
  function patchAnnotation(sampleKeys: Set<number>, change: (old: Annotation | null) => Annotation | null): void {
    details.clear();
    const open = detail.value;
    if (open !== null && sampleKeys.has(open.sampleKey)) {
      detail.value = { ...open, annotation: change(open.annotation) };
    }
  }

  /** Reads the open sample again. */
  async function reload(): Promise<void> {
    if (current === '') return;
    const { comparisonId, sampleKey } = refOf(current);
    details.clear();
    current = '';
    await show(comparisonId, sampleKey);
  }

  function close(): void {
    current = '';
    ledger.clear();
    detail.value = null;
    error.value = null;
  }

  return {
    detail,
    timeline,
    training,
    neighbours,
    ledger: markRaw(ledger),
    error,
    show,
    read,
    prefetch,
    readTimeline,
    readTraining,
    readNeighbours,
    readLedger,
    patchAnnotation,
    reload,
    close,
  };
});

function keyOf(comparisonId: string, sampleKey: number): string {
  return `${comparisonId}\n${sampleKey}`;
}

function refOf(key: string): { comparisonId: string; sampleKey: number } {
  const [comparisonId = '', sampleKey = ''] = key.split('\n');
  return { comparisonId, sampleKey: Number(sampleKey) };
}
