/**
 * Measures one workspace that a lab writes into: runs × checkpoints × samples from several nodes at once, each checkpoint an evaluation
 * of the same suite, with a run's steps before it. `node test/bench/scale.ts [--runs N] [--checkpoints N] [--samples N] [--nodes N]`.
 * Prints what it measured at a quarter, a half and the whole, so that what grows with the size is seen, and what that makes of
 * 200 × 50 × 100 000; that last part is computed and not measured. docs/scale.md has the numbers and what follows from them.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Store } from '../../src-main/store/api.ts';
import { databaseName, openStore } from '../../src-main/store/client.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import { addEvaluation, addRunWithSteps } from './store-data.ts';
import { medianMs, timedMs } from './scoreboard.ts';

const { values: given } = parseArgs({
  options: {
    runs: { type: 'string', default: '16' },
    checkpoints: { type: 'string', default: '10' },
    samples: { type: 'string', default: '10000' },
    nodes: { type: 'string', default: '8' },
  },
});
const runs = Number(given.runs);
const checkpoints = Number(given.checkpoints);
const samples = Number(given.samples);
const nodes = Number(given.nodes);
const stepsPerCheckpoint = 100;
const metricsPerStep = 10;
const wanted = { runs: 200, checkpoints: 50, samples: 100_000 };

interface Stage {
  results: number;
  bytes: number;
  resultsPerSecond: number;
  stepsPerSecond: number;
  openMs: number;
  listMs: number;
  compareMs: number;
  firstViewMs: number;
  timelineMs: number;
}

const folder = mkdtempSync(join(tmpdir(), 'flipguard-scale-'));
const workspace = join(folder, 'workspace');
try {
  const stages: Stage[] = [];
  let done = 0;
  for (const share of [0.25, 0.5, 1]) {
    const until = Math.round(runs * share);
    stages.push(await stageOf(done, until));
    done = until;
    print(stages);
  }
  const last = stages.at(-1);
  if (last !== undefined) extrapolate(last);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

/** Writes runs `from` to `until`, closes, opens again and reads. */
async function stageOf(from: number, until: number): Promise<Stage> {
  const store = await openStore(workspace, { checkIntegrity: false });
  const evaluations: string[] = [];
  let stepsMs: number;
  let writeMs: number;
  try {
    let next = from;
    const node = async (): Promise<void> => {
      for (let run = next++; run < until; run = next++) evaluations.push(...(await writeRun(store, run)));
    };
    writeMs = await timedMs(() => Promise.all(Array.from({ length: nodes }, node)));
    stepsMs = await timedMs(() => addRunWithSteps(store, { name: 'steps', steps: 5000, metrics: metricsPerStep }));
    await store.settled();
  } finally {
    await store.close();
  }
  const [left = '', right = ''] = [evaluations[0], evaluations.at(-1)];
  const openMs = await medianMs(3, async () => {
    const opened = await openStore(workspace, { checkIntegrity: false });
    await opened.listModels();
    await opened.close();
  });
  const reader = await openStore(workspace, { checkIntegrity: false });
  try {
    const { id } = await reader.openComparison(left, right, defaultRule);
    const compareMs = await timedMs(() => reader.buildComparison(id));
    const sort = { column: 'delta', direction: 'ascending' } as const;
    const firstViewMs = await timedMs(() => reader.openFlipView(id, {}, sort));
    const { sampleKeys } = await reader.flipVectors(id, {});
    return {
      results: until * checkpoints * samples,
      bytes: statSync(join(workspace, databaseName)).size,
      resultsPerSecond: ((until - from) * checkpoints * samples) / (writeMs / 1000),
      stepsPerSecond: 5000 / (stepsMs / 1000),
      openMs,
      listMs: await medianMs(3, () => reader.listEvaluations()),
      compareMs,
      firstViewMs,
      timelineMs: await medianMs(3, () => reader.sampleTimeline(sampleKeys[7] ?? 0)),
    };
  } finally {
    await reader.close();
  }
}

async function writeRun(store: Store, run: number): Promise<string[]> {
  const made: string[] = [];
  let runId: string | undefined;
  for (let checkpoint = 0; checkpoint < checkpoints; checkpoint++) {
    const steps = { from: checkpoint * stepsPerCheckpoint + 1, steps: stepsPerCheckpoint, metrics: metricsPerStep };
    runId = await addRunWithSteps(store, { name: `run ${run}`, ...(runId === undefined ? {} : { runId }), ...steps });
    const name = `run ${run}@${(checkpoint + 1) * stepsPerCheckpoint}`;
    made.push(await addEvaluation(store, { name, suiteName: 'suite', samples, seed: run * checkpoints + checkpoint }));
  }
  return made;
}

function print(stages: readonly Stage[]): void {
  const rows: [string, (stage: Stage) => string][] = [
    ['results', ({ results }) => results.toLocaleString('en')],
    ['size of the database', ({ bytes }) => `${Math.round(bytes / 1e6)} MB`],
    ['bytes per result', ({ bytes, results }) => `${Math.round(bytes / results)}`],
    ['results written per second', (stage) => Math.round(stage.resultsPerSecond).toLocaleString('en')],
    [
      'steps written per second, nothing else written',
      (stage) => Math.round(stage.stepsPerSecond).toLocaleString('en'),
    ],
    ['time to open', (stage) => `${Math.round(stage.openMs)} ms`],
    ['time to list all evaluations', (stage) => `${Math.round(stage.listMs)} ms`],
    [`time to compare two of ${samples.toLocaleString('en')}`, (stage) => `${Math.round(stage.compareMs)} ms`],
    ['time to the first view of it', (stage) => `${Math.round(stage.firstViewMs)} ms`],
    ['time to a sample’s timeline', (stage) => `${stage.timelineMs.toFixed(1)} ms`],
  ];
  console.log(`\n${nodes} nodes, ${checkpoints} checkpoints per run, ${samples} samples per checkpoint`);
  for (const [what, of] of rows) console.log(`| ${what} | ${stages.map(of).join(' | ')} |`);
}

function extrapolate({ bytes, results, resultsPerSecond }: Stage): void {
  const all = wanted.runs * wanted.checkpoints * wanted.samples;
  const days = all / resultsPerSecond / 86_400;
  const { runs: r, checkpoints: c, samples: s } = wanted;
  console.log(
    `\nComputed, not measured, for ${r} × ${c} × ${s.toLocaleString('en')} = ${all.toLocaleString('en')} results:`,
  );
  console.log(
    `size ${Math.round((bytes / results) * (all / 1e9))} GB, written in ${days.toFixed(1)} days at this rate`,
  );
}
