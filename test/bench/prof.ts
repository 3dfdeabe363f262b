/**
 * One DPO step (8 pairs, stories15M, the golden batches when present): `node test/bench/train.ts [--size 260K] [--steps N]
 * [--guards all]`. Prints the median of a step, alone and under FlipGuard: the usual form, which rides along in the step's own
 * pass, or all, of which the others take a pass of their own. With FLIPGUARD_TRL_PYTHON naming a Python that has TRL, both take
 * turns step by step and the ratio of medians is printed. Processor seconds are given next to wall seconds: on a machine that has
 * other work to do they are the steadier of the two.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import os from 'node:os';
import * as path from 'node:path';
import { parseArgs } from 'node:util';
import { nativeOps, openBackend } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import { scoreSequences } from '../../src-main/engine/data/score-sequences.ts';
import type { PreferenceSample } from '../../src-main/engine/data/tokenise.ts';
import { DpoObjective, type ReferenceLogProbs } from '../../src-main/engine/objectives/dpo.ts';
import { PairGuard } from '../../src-main/engine/objectives/pair-guard.ts';
import { AdamW } from '../../src-main/engine/optim/adamw.ts';
import { disposeGradients } from '../../src-main/engine/optim/gradients.ts';
import { createRandom, randomInteger } from '../../src-main/engine/random.ts';
import { type BenchmarkPair, medianOf } from '../../src-main/shared/domain/benchmark.ts';
import { dpoSpec } from '../../src-main/shared/domain/algorithms.ts';
import { guardSpec } from '../../src-main/shared/domain/run-spec.ts';
import { childEnvironment } from '../../src-main/trainer/child-environment.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { goldenFolder, goldenPresent, readGoldenSamples, stories260k } from '../helpers/trl-golden.ts';
import { startTorch, trlPython } from '../../src-main/workbench/benchmark/torch.ts';
import type { TorchPair } from '../../src-main/workbench/benchmark/torch.ts';
import { fetchStories15m } from '../../src-main/workbench/models/demo-model.ts';
import { sharedCacheFolder } from '../../src-main/workbench/workspace/workspace-layout.ts';

const pairs = 8;

interface Timing {
  seconds: number;
  processor: number;
}
type TakeStep = () => Promise<Timing>;

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '15M' },
    steps: { type: 'string', default: '12' },
    guards: { type: 'string', default: 'usual' },
  },
});
const size = options.size === '260K' ? '260K' : '15M';
const steps = Number(options.steps);

// The numbers are those of a trainer child, so they are taken in its environment.
if (process.env['MALLOC_MMAP_THRESHOLD_'] === undefined) {
  const [, ...args] = process.argv;
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env: childEnvironment() }).status ?? 1);
}
const backend = await openBackend();
const ops = nativeOps();
const folder = size === '260K' ? stories260k : await fetchStories15m({ cacheFolder: sharedCacheFolder() });
const samples = goldenPresent ? readGoldenSamples(size).slice(0, pairs * steps) : madeUpSamples();
console.log(
  `${backend.name} (${backend.device}), stories${size}, ${pairs} pairs a step, ${steps} batches, each met once before it is timed`,
);
/** What is guarded, and how. Of targets elsewhere the cost is that of as many responses, whichever they are. */
const guards = {
  'flipguard under guard': { target: 'chosen', divergence: 'ce' },
  'guard on other targets': { target: 'pre-sample', divergence: 'ce' },
  'the same, firing never': { target: 'pre-sample', divergence: 'ce', epsilon: 1e6 },
  'guard by KL': { target: 'chosen', divergence: 'kl' },
} as const;
type GuardForm = (typeof guards)[keyof typeof guards];
const measuredGuards = Object.entries(guards).slice(0, options.guards === 'all' ? undefined : 1);
const ours: [string, TakeStep][] = process.env['ONLY']==='kl' ? [] : [['flipguard', await openOurs(null)]];
for (const [name, form] of (process.env['ONLY']==='kl'?Object.entries(guards).slice(3):process.env['ONLY']?[]:measuredGuards)) ours.push([name, await openOurs(form)]);
const trl = null;

const contenders = new Map<string, TakeStep>([...ours, ...(trl === null ? [] : [['trl', trl] as const])]);
const timings = new Map([...contenders.keys()].map((name) => [name, [] as Timing[]]));
// A run meets a form of batch many times and compiles it at the first; that one is told apart.
const firstTimings = new Map([...contenders.keys()].map((name) => [name, [] as Timing[]]));
const reps=Number(process.env['REPS']??1);
import { createRequire } from 'node:module';
const tracer = process.env['XSPACE'] ? createRequire(import.meta.url)('/work/perf/tracer/t.node') : null;
let round = 0;
for (const into of [firstTimings, ...Array(reps).fill(timings)]) {
  if (round++ === reps && tracer) tracer.start();
  for (let step = 0; step < steps; step++) {
    for (const [name, takeStep] of contenders) into.get(name)?.push(await takeStep());
  }
}
if (tracer) tracer.stop();
report();
process.exit(0);

function report(): void {
  const median = (name: string, field: keyof Timing, of = timings) =>
    medianOf((of.get(name) ?? []).map((timing) => timing[field]));
  for (const name of timings.keys()) {
    console.log(
      `${name.padEnd(22)} ${median(name, 'seconds').toFixed(3)} s/step   ${median(name, 'processor').toFixed(3)} processor s/step   (${median(name, 'processor', firstTimings).toFixed(3)} when met first)`,
    );
  }
  const compare = (what: string, a: string, b: string) => {
    const ratio = (field: keyof Timing) => (median(a, field) / median(b, field)).toFixed(3);
    console.log(`${what}: ${ratio('seconds')} by the clock, ${ratio('processor')} by processor time`);
  };
  for (const [name] of [] as any) compare(`${name} / no guard`, name, 'flipguard');
  console.log(
    `load of the machine: ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} threads (at most 2 are this bench's)`,
  );
  if (timings.has('trl')) {
    const ratio = (field: keyof Timing) => (median('trl', field) / median('flipguard', field)).toFixed(2);
    console.log(`against TRL: ${ratio('seconds')}× as fast by the clock, ${ratio('processor')}× by processor time`);
  } else console.log('TRL was not run: FLIPGUARD_TRL_PYTHON names no Python.');
}

async function openOurs(form: GuardForm | null): Promise<TakeStep> {
  const model = await loadModel(openFolder(folder));
  const preModel = form?.divergence === 'kl' ? await loadModel(openFolder(folder), { trainable: false }) : null;
  const reference: ReferenceLogProbs = {
    chosen: await scoreSequences(
      model,
      samples.map(({ chosen }) => chosen),
      { ops },
    ),
    rejected: await scoreSequences(
      model,
      samples.map(({ rejected }) => rejected),
      { ops },
    ),
  };
  const guard = form
    ? new PairGuard({
        spec: guardSpec.parse({ kind: 'flipguard', ...form }),
        beta: 0.1,
        model,
        preModel,
        targets: {
          sampleIds: samples.map(({ id }) => id),
          sequences: samples.map(({ chosen }) => chosen),
          pre: reference.chosen,
          select: (indices) => [...indices],
        },
        random: createRandom(0),
        ops,
      })
    : null;
  const objective = new DpoObjective({ model, samples, reference, spec: dpoSpec.parse({ kind: 'dpo' }), guard, ops });
  const optimizer = new AdamW(objective.trainable, { weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, ops);
  let step = 0;
  return async () => {
    const indices = Array.from({ length: pairs }, (_, i) => (step * pairs + i) % samples.length);
    step += 1;
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    await objective.step({ indices, microBatchSize: pairs, step }, (gradients, _loss, norm) => {
      if (!Number.isFinite(norm)) throw new Error(`the gradients' norm is ${norm}`);
      optimizer.update(gradients, 2e-5);
      disposeGradients(gradients);
      return Promise.resolve();
    });
    const { user, system } = process.cpuUsage(before);
    return { seconds: (performance.now() - startedMs) / 1000, processor: (user + system) / 1e6 };
  };
}

async function openTrl(): Promise<TakeStep | null> {
  const python = process.env[trlPython];
  if (python === undefined || !goldenPresent) return null;
  const torch = await startTorch(python, {
    ...{
      model: { kind: 'folder', path: folder },
      work: 'full',
      precision: 'float32',
      checkpointing: false,
      gpu: false,
    },
    ...{
      pairs: goldenPairs().slice(0, pairs * steps),
      size: pairs,
      prompts: [],
      newTokens: 0,
      lora: { rank: 8, alpha: 16, targets: [] },
    },
  });
  console.log(
    `TRL ${torch.ready.versions['trl']} with torch ${torch.ready.versions['torch']}, ${torch.ready.threads} threads`,
  );
  return torch.take;
}

/** The golden batches in their order, with the reference's log-probs that TRL computed. */
function goldenPairs(): TorchPair[] {
  const read = (name: string) => JSON.parse(readFileSync(path.join(goldenFolder, name), 'utf8')) as unknown;
  const { rows } = read(`batches_${size}.json`) as { rows: BenchmarkPair[] };
  const { steps: golden } = read(`golden_${size}_full.json`) as {
    steps: Record<`ref_${'chosen' | 'rejected'}_logps`, number[]>[];
  };
  const reference = golden.flatMap((step) =>
    step.ref_chosen_logps.map((refChosen, i) => ({ refChosen, refRejected: step.ref_rejected_logps[i]! })),
  );
  return reference.map((logProbs, i) => {
    const { prompt, chosen, rejected } = rows[i]!;
    return { prompt, chosen, rejected, ...logProbs };
  });
}

/** Pairs of the golden batches' typical size, where those are not at hand. */
function madeUpSamples(): PreferenceSample[] {
  const random = createRandom(0, 'bench');
  const tokens = (length: number) => Array.from({ length }, () => 3 + randomInteger(random, 500));
  return Array.from({ length: pairs * steps }, (_, i) => {
    const prompt = [1, ...tokens(25)];
    const response = () => ({ ids: Int32Array.from([...prompt, ...tokens(30 + randomInteger(random, 60))]), from: 26 });
    return { id: `pair-${i}`, chosen: response(), rejected: response() };
  });
}
