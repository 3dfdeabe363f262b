/**
 * How long another read waits while one that takes long is asked for: `node build/node24.mjs test/bench/long-reads.ts [samples] [slices per sample]`.
 * By default two evaluations of 2,000 samples with 500 slices of their own each, a million slices. Prints, asserts nothing.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import type { Store } from '../../src-main/store/api.ts';
import { openStore } from '../../src-main/store/client.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';

const [samples = 2000, own = 500] = process.argv.slice(2).map(Number);
const folder = mkdtempSync(join(tmpdir(), 'flipguard-long-reads-'));
const byId = { column: 'sampleId', direction: 'ascending' } as const;

async function addEvaluation(store: Store, name: string): Promise<string> {
  const ingest = await store.beginEvaluation({
    name,
    suiteId: null,
    suiteName: 'sliced',
    modelId: null,
    runId: null,
    checkpointId: null,
    step: null,
    decoding: null,
    import: null,
  });
  for (let i = 0; i < samples; i++) {
    await ingest.push([
      {
        sampleId: String(i),
        prompt: `prompt ${i}`,
        target: 'x',
        output: `output ${i % 7} of ${name}`,
        score: null,
        verdict: i % 3 === 0 || name === 'before' ? 'right' : 'wrong',
        slices: [
          `half ${i % 2}`,
          ...Array.from({ length: own }, (_, k) => `slice ${i}.${k} with a name of usual length`),
        ],
      },
    ]);
  }
  return ingest.commit();
}

/** Asks the reader for something small again and again until the work is done: the longest it waited. */
async function waited(store: Store, what: string, work: () => Promise<unknown>): Promise<void> {
  const began = performance.now();
  let ended = false;
  const working = work().finally(() => (ended = true));
  let longest = 0;
  while (!ended) {
    const asked = performance.now();
    await store.listSettings();
    longest = Math.max(longest, performance.now() - asked);
    await breathe();
  }
  await working;
  process.stdout.write(
    `${what}: ${Math.round(performance.now() - began)} ms; another read waited at most ${Math.round(longest)} ms\n`,
  );
}

const store = await openStore(folder, { checkIntegrity: false });
try {
  const [left, right] = [await addEvaluation(store, 'before'), await addEvaluation(store, 'after')];
  const { id } = await store.openComparison(left, right, defaultRule);
  await store.buildComparison(id);
  await store.settled();
  for (const turn of ['first', 'again']) {
    await waited(store, `counts of slices, ${turn}`, () => store.sliceCounts(id));
    await waited(store, `facets, ${turn}`, () => store.flipFacets(id, {}));
    await waited(store, `facets of negative flips, ${turn}`, () => store.flipFacets(id, { kinds: ['negative'] }));
    await waited(store, `samples of slices, ${turn}`, () => store.sliceSamples(id));
    await waited(store, `list by a slice, ${turn}`, () =>
      store.openFlipView(id, { slices: ['slice 7.3 with a name of usual length'] }, byId),
    );
    const view = await store.openFlipView(id, {}, byId);
    await waited(store, `window of 200 rows, ${turn}`, () => store.flipWindow(view.viewId, 0, 200));
  }
} finally {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
}
