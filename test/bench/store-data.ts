/** Seeded data for the store's bench: texts of about 100 characters over a vocabulary with a long tail. */
import type { Store } from '../../src-main/store/api.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';

const syllables = ['ba', 're', 'ti', 'on', 'the', 'ing', 'mo', 'ka', 'lu', 'ser', 'an', 'to', 'pi', 'der', 've', 'sta'];
const batchRows = 4096;
const eventsAtOnce = 500;

/** A small linear congruential generator: the same numbers everywhere. */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = (seed * 2_654_435_761 + 12345) >>> 0;
  }

  /** In [0, 1). */
  next(): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#state / 2 ** 32;
  }
}

const vocabulary = makeVocabulary(20_000);
/** Words by how many of the samples have them: about one in three, a few per cent, a few in a hundred thousand. */
export const veryCommonWord = vocabulary[12] ?? '';
export const commonWord = vocabulary[900] ?? '';
export const rareWord = vocabulary.at(-3) ?? '';

function makeVocabulary(size: number): string[] {
  const random = new Random(7);
  const word = (): string =>
    Array.from(
      { length: 2 + Math.floor(random.next() * 3) },
      () => syllables[Math.floor(random.next() * 16)] ?? '',
    ).join('');
  return [...new Set(Array.from({ length: size * 2 }, word))].slice(0, size);
}

function text(random: Random, words: number): string {
  const chosen = Array.from(
    { length: words },
    () => vocabulary[Math.floor(vocabulary.length * random.next() ** 3)] ?? '',
  );
  return chosen.join(' ');
}

/** One evaluation; the prompts depend on the sample alone, the outputs on the seed too. */
export async function addEvaluation(
  store: Store,
  { name, suiteName, samples, seed }: { name: string; suiteName: string; samples: number; seed: number },
): Promise<string> {
  const ingest = await store.beginEvaluation({
    name,
    suiteId: null,
    suiteName,
    modelId: null,
    runId: null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: null,
  });
  for (let from = 0; from < samples; from += batchRows) {
    const count = Math.min(batchRows, samples - from);
    await ingest.push(Array.from({ length: count }, (_, i) => resultOf(from + i, seed)));
  }
  return ingest.commit();
}

function resultOf(i: number, seed: number): SampleResult {
  const own = new Random(i);
  const prompt = text(own, 13);
  const made = new Random(i * 31 + seed + 1);
  const right = made.next() < 0.6 + 0.05 * seed;
  return {
    sampleId: String(i),
    prompt,
    target: `target ${i % 1000}`,
    output: text(made, 10),
    score: (right ? 1 : 0) + made.next(),
    verdict: made.next() < 0.02 ? 'tie' : right ? 'right' : 'wrong',
    slices: [`topic-${i % 12}`],
    cluster: `family-${i >> 3}`,
  };
}

const spec = runSpecSchema.parse({
  name: 'bench',
  model: 'model',
  dataset: { train: 'data' },
  algorithm: { kind: 'dpo' },
  steps: 1,
});

export async function addRunWithSteps(
  store: Store,
  {
    runId,
    name,
    from = 1,
    steps,
    metrics,
  }: { runId?: string; name: string; from?: number; steps: number; metrics: number },
): Promise<string> {
  const id = runId ?? (await addRun(store, name));
  for (let first = from; first < from + steps; first += eventsAtOnce) {
    const count = Math.min(eventsAtOnce, from + steps - first);
    await store.appendRunEvents(
      id,
      Array.from({ length: count }, (_, i) => stepEvent(first + i, metrics)),
    );
  }
  return id;
}

function stepEvent(step: number, metrics: number): TrainerEvent {
  const values = Array.from({ length: metrics }, (_, m): [string, number] => [`metric/${m}`, Math.sin(step * (m + 1))]);
  return {
    type: 'step',
    seq: step,
    at: step,
    step,
    epoch: 0,
    metrics: Object.fromEntries(values),
    tables: {},
  };
}

async function addRun(store: Store, name: string): Promise<string> {
  const run = await store.addRun({
    name,
    status: 'running',
    spec,
    modelId: 'model',
    datasetId: 'data',
    guardSetId: null,
    parentRunId: null,
    relation: null,
    sweepId: null,
    folder: 'runs/bench',
    totalSteps: null,
    tags: [],
    note: '',
  });
  return run.id;
}
