/**
 * Measures the store at the scale of a lab: `node test/bench/store.ts [--small]`. Ends with status 1 when a budget is broken.
 * Budgets are for an idle machine; a calibration before each measurement tells how much slower the machine is just now, and the
 * budget grows by that factor, so that other work on the machine does not decide.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Store } from '../../src-main/store/api.ts';
import { databaseName, openStore } from '../../src-main/store/client.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import { flipSortColumns } from '../../src-main/shared/domain/flip-view.ts';
import type { FlipFilter, FlipSort } from '../../src-main/shared/domain/flip-view.ts';
import { addEvaluation, addRunWithSteps, commonWord, rareWord, veryCommonWord } from './store-data.ts';
import { Scoreboard, percentileMs, timedMs } from './scoreboard.ts';

const { values: options } = parseArgs({ options: { small: { type: 'boolean', default: false } } });
const scale = options.small
  ? { samples: 20_000, checkpointSamples: 5_000, checkpoints: 10, runs: 50, steps: 1_000, windows: 50 }
  : { samples: 1_000_000, checkpointSamples: 100_000, checkpoints: 50, runs: 2_000, steps: 10_000, windows: 300 };

const folder = mkdtempSync(join(tmpdir(), 'flipguard-bench-'));
const board = new Scoreboard();
const byDelta: FlipSort = { column: 'delta', direction: 'ascending' };

try {
  const emptyMs = await openMs(join(folder, 'empty'));
  const workspace = join(folder, 'workspace');
  const store = await openStore(workspace, { checkIntegrity: false });
  try {
    await measureSamples(store);
    await measureRuns(store);
    await measureCheckpoints(store);
    await store.settled();
  } finally {
    await store.close();
  }
  board.note('database', `${Math.round(statSync(join(workspace, databaseName)).size / 1e6)} MB`);
  const fullMs = await openMs(workspace);
  board.note('open an empty workspace', `${Math.round(emptyMs)} ms`);
  board.judge('open this workspace, beyond an empty one', fullMs - emptyMs, 100);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exitCode = board.finish();

/** Until the first answer; median of some openings. */
async function openMs(path: string): Promise<number> {
  const taken: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    const store = await openStore(path, { checkIntegrity: false });
    await store.listModels();
    taken.push(performance.now() - began);
    await store.close();
  }
  return percentileMs(taken, 0.5);
}

async function measureSamples(store: Store): Promise<void> {
  const names = ['before', 'after', 'third'];
  const evaluations: string[] = [];
  for (const [seed, name] of names.entries()) {
    const tookMs = await timedMs(async () => {
      evaluations.push(await addEvaluation(store, { name, suiteName: 'big', samples: scale.samples, seed }));
    });
    board.note(`import “${name}”`, `${Math.round((scale.samples / tookMs) * 1000)} samples/s`);
  }
  const [left = '', right = ''] = evaluations;
  const { id } = await store.openComparison(left, right, defaultRule);
  await board.measure(`compare ${scale.samples} samples`, 8000, () => store.buildComparison(id));
  await board.measure('first view, by delta', 500, () => store.openFlipView(id, {}, byDelta));
  for (const column of flipSortColumns) {
    await board.measure(
      `sort all by ${column}`,
      500,
      () => store.openFlipView(id, {}, { column, direction: 'descending' }),
      3,
    );
  }
  const filters: [string, FlipFilter][] = [
    ['negative flips', { kinds: ['negative'] }],
    ['two slices and a range', { slices: ['topic-1', 'topic-2'], delta: [-1, null] }],
    ['everything but ties', { kinds: ['negative', 'positive', 'kept-right', 'kept-wrong'], length: [10, null] }],
  ];
  for (const [name, filter] of filters) {
    await board.measure(`filter: ${name}`, 500, () => store.openFlipView(id, filter, byDelta), 3);
    await board.measure(`facets: ${name}`, 500, () => store.flipFacets(id, filter), 3);
  }
  await measureWindows(store, id);
  const indexedMs = await timedMs(() => store.settled());
  board.note('index for search', `${Math.round(indexedMs / 1000)} s in the background`);
  for (const [name, search] of [
    ['rare', rareWord],
    ['common', commonWord],
    ['long', `${commonWord} ${rareWord} ${commonWord}`],
  ] as const) {
    for (const searchMode of ['substring', 'word'] as const) {
      const hits = (await store.openFlipView(id, { search, searchMode }, byDelta)).total;
      await board.measure(
        `search ${searchMode}, ${name} (${hits} found)`,
        200,
        () => store.openFlipView(id, { search, searchMode }, byDelta),
        3,
      );
    }
  }
  const filter: FlipFilter = { search: veryCommonWord, searchMode: 'substring' };
  const found = (await store.openFlipView(id, filter, byDelta)).total;
  const tookMs = await timedMs(() => store.openFlipView(id, filter, byDelta));
  board.note(`search what ${found} samples have`, `${Math.round(tookMs)} ms`);
  const { sampleKeys } = await store.flipVectors(id, { kinds: ['negative'] });
  await board.measure('neighbours of a sample', 200, () => store.neighbours(id, sampleKeys[0] ?? 0, 10), 3);
  await board.measure('details of a sample', 10, () => store.sampleDetail(id, sampleKeys[1] ?? 0), 5);
  let streamed = 0;
  const streamMs = await timedMs(() =>
    store.streamFlips(id, {}, byDelta, (rows) => {
      streamed += rows.length;
      return Promise.resolve();
    }),
  );
  board.note('stream whole rows', `${Math.round((streamed / streamMs) * 1000)} rows/s`);
}

async function measureWindows(store: Store, comparisonId: string): Promise<void> {
  const view = await store.openFlipView(comparisonId, {}, byDelta);
  const depth = (i: number): number => Math.floor((view.total - 200) * ((i * 0.6180339887) % 1));
  const window = (i: number): Promise<unknown> => store.flipWindow(view.viewId, depth(i), 200);
  await window(0);
  await board.judgeAll('window of 200 at any depth, median', 10, 0.5, scale.windows, window);
  const runId = await addRunWithSteps(store, { name: 'writing', steps: 0, metrics: 20 });
  let writing = true;
  const writer = (async () => {
    for (let first = 1; writing; first += 50)
      await addRunWithSteps(store, { runId, name: 'writing', from: first, steps: 50, metrics: 20 });
  })();
  await board.judgeAll('window of 200 while a run writes, p95', 20, 0.95, scale.windows, window);
  writing = false;
  await writer;
}

async function measureRuns(store: Store): Promise<void> {
  const tookMs = await timedMs(async () => {
    for (let run = 0; run < scale.runs; run++) {
      await addRunWithSteps(store, { name: `run ${run}`, steps: scale.steps, metrics: 3 });
    }
  });
  board.note('steps of runs', `${Math.round((scale.runs * scale.steps) / (tookMs / 1000))} steps/s`);
  const runId = await addRunWithSteps(store, { name: 'chart', steps: scale.steps, metrics: 20 });
  await board.measure(
    `chart of ${scale.steps} steps × 20 metrics`,
    50,
    () => store.runMetrics(runId, { points: 1000 }),
    5,
  );
  await board.measure(`list ${scale.runs} runs`, 100, () => store.listRuns(), 3);
}

async function measureCheckpoints(store: Store): Promise<void> {
  const evaluations: string[] = [];
  for (let checkpoint = 0; checkpoint < scale.checkpoints; checkpoint++) {
    const name = `checkpoint ${checkpoint}`;
    evaluations.push(
      await addEvaluation(store, { name, suiteName: 'checks', samples: scale.checkpointSamples, seed: checkpoint }),
    );
  }
  const { id } = await store.openComparison(evaluations[0] ?? '', evaluations.at(-1) ?? '', defaultRule);
  await board.measure(`compare ${scale.checkpointSamples} samples`, 2000, () => store.buildComparison(id));
  const { sampleKeys } = await store.flipVectors(id, {});
  await board.measure(
    `timeline over ${scale.checkpoints} checkpoints`,
    20,
    () => store.sampleTimeline(sampleKeys[7] ?? 0),
    5,
  );
  await board.measure('list evaluations', 20, () => store.listEvaluations(), 5);
  await board.judgeAll('details of samples, p95', 10, 0.95, 50, (i) => store.sampleDetail(id, sampleKeys[i * 31] ?? 0));
}
