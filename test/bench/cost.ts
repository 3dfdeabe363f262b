/**
 * How the cost of a DPO step grows with tokens, pairs and parameters: random models of several shapes, batches of several sizes, and
 * a line fitted through them by relative error:
 *
 *   processor s = fixed + perGflop · GFLOP of the products + perMillion · million weights
 *
 * Products count 6 operations for each weight and token (blocks: a pair's prompt once; head: response tokens) and those of attention.
 * Numbers written are those of norms, activations, scores of attention and logits, forward.
 * Prints every point with its residual, next to what a bare product of the same order reaches in the same run.
 *
 *   node test/bench/cost.ts [--steps 3]
 */
import os from 'node:os';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs-core';
import { nativeOps } from '../../src-main/backends/index.ts';
import { scoreSequences } from '../../src-main/engine/data/score-sequences.ts';
import type { PreferenceSample } from '../../src-main/engine/data/tokenise.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { DpoObjective } from '../../src-main/engine/objectives/dpo.ts';
import { AdamW } from '../../src-main/engine/optim/adamw.ts';
import { disposeGradients } from '../../src-main/engine/optim/gradients.ts';
import { createRandom, randomInteger } from '../../src-main/engine/random.ts';
import { dpoSpec } from '../../src-main/shared/domain/algorithms.ts';
import { medianOf } from '../../src-main/shared/domain/benchmark.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import { openBenchmarkModel } from '../../src-main/trainer/jobs/benchmark-model.ts';
import { openTestBackend } from '../helpers/backend.ts';

const { values: options } = parseArgs({ options: { steps: { type: 'string', default: '3' } } });
const backend = await openTestBackend();
const ops = nativeOps();

const shapes = [
  { hidden_size: 64, num_hidden_layers: 5, intermediate_size: 172, vocab_size: 512, heads: 8 },
  { hidden_size: 128, num_hidden_layers: 6, intermediate_size: 344, vocab_size: 4096, heads: 8 },
  { hidden_size: 288, num_hidden_layers: 6, intermediate_size: 768, vocab_size: 16_000, heads: 6 },
  { hidden_size: 512, num_hidden_layers: 8, intermediate_size: 1376, vocab_size: 16_000, heads: 8 },
];
const batches = [
  { pairs: 2, prompt: 24, response: 40 },
  { pairs: 8, prompt: 24, response: 40 },
  { pairs: 2, prompt: 64, response: 128 },
  { pairs: 8, prompt: 64, response: 128 },
];
type Shape = (typeof shapes)[number];
type BatchSize = (typeof batches)[number];

interface Point {
  shape: Shape;
  batch: BatchSize;
  weights: number;
  gflop: number;
  written: number;
  seconds: number;
  processor: number;
}

const points: Point[] = [];
for (const shape of shapes) for (const batch of batches) points.push(await measure(shape, batch));
const line = fit(points);
report();
process.exit(0);

async function measure(shape: Shape, batch: BatchSize): Promise<Point> {
  const { heads, ...sizes } = shape;
  const spec = runSpecSchema.parse({
    ...{ name: 'cost', model: 'random', dataset: { train: 'random' }, algorithm: { kind: 'dpo' } },
    ...{ batch: { size: batch.pairs, maxLength: batch.prompt + batch.response }, steps: 1 },
  });
  const config = {
    ...{ model_type: 'llama', ...sizes, num_attention_heads: heads, num_key_value_heads: heads },
    ...{ max_position_embeddings: 512, rms_norm_eps: 1e-5, tie_word_embeddings: false, eos_token_id: 2 },
  };
  const model = await openBenchmarkModel({ model: { kind: 'shape', name: 'random', config }, work: 'full' }, spec, ops);
  const samples = randomSamples(batch, shape.vocab_size);
  const reference = {
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
  const objective = new DpoObjective({
    model,
    samples,
    reference,
    spec: dpoSpec.parse({ kind: 'dpo' }),
    guard: null,
    ops,
  });
  const optimizer = new AdamW(objective.trainable, { weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, ops);
  const timed: { seconds: number; processor: number }[] = [];
  // The first step compiles, the second allocates.
  for (let step = 1; step <= Number(options.steps) + 2; step++) {
    const [startedMs, before] = [performance.now(), process.cpuUsage()];
    await objective.step({ indices: [...samples.keys()], microBatchSize: batch.pairs, step }, (gradients) => {
      optimizer.update(gradients, 1e-6);
      disposeGradients(gradients);
      return Promise.resolve();
    });
    const { user, system } = process.cpuUsage(before);
    if (step > 2) timed.push({ seconds: (performance.now() - startedMs) / 1000, processor: (user + system) / 1e6 });
  }
  const point = {
    ...{ shape, batch, weights: weightsOf(model), gflop: gflopOf(shape, batch), written: writtenOf(shape, batch) },
    seconds: medianOf(timed.map(({ seconds }) => seconds)),
    processor: medianOf(timed.map(({ processor }) => processor)),
  };
  objective.dispose?.();
  model.dispose();
  return point;
}

function randomSamples({ pairs, prompt, response }: BatchSize, vocab: number): PreferenceSample[] {
  const random = createRandom(pairs, 'cost');
  const drawn = (length: number) => Array.from({ length }, () => 3 + randomInteger(random, vocab - 3));
  return Array.from({ length: pairs }, (_, i) => {
    const before = drawn(prompt);
    const sequence = () => ({ ids: Int32Array.from([...before, ...drawn(response)]), from: prompt });
    return { id: `${i}`, chosen: sequence(), rejected: sequence() };
  });
}

function weightsOf({ parameters }: CausalLm): number {
  return [...parameters.values()].reduce((sum, { size }) => sum + size, 0);
}

function gflopOf(shape: Shape, { pairs, prompt, response }: BatchSize): number {
  const { hidden_size: dim, num_hidden_layers: layers, intermediate_size: ffn, vocab_size: vocab } = shape;
  const blocks = 6 * layers * (4 * dim * dim + 3 * dim * ffn) * pairs * (prompt + 2 * response);
  const head = 6 * vocab * dim * pairs * 2 * response;
  const attention = 12 * layers * dim * pairs * 2 * (prompt + response) ** 2;
  return (blocks + head + attention) / 1e9;
}

/** Millions of numbers. */
function writtenOf(shape: Shape, { pairs, prompt, response }: BatchSize): number {
  const { hidden_size: dim, num_hidden_layers: layers, intermediate_size: ffn, vocab_size: vocab, heads } = shape;
  const perPlace = 8 * dim + 3 * ffn;
  const scores = heads * pairs * 2 * (prompt + response) ** 2;
  return (layers * (pairs * (prompt + 2 * response) * perPlace + 2 * scores) + 2 * pairs * response * vocab * 2) / 1e6;
}

function termsOf({ gflop, written, weights }: Point): number[] {
  return [1, gflop, written, weights / 1e6];
}

/** Least squares of fitted / measured − 1, by the normal equations. */
function fit(of: readonly Point[]): number[] {
  const rows = of.map((point) => termsOf(point).map((term) => term / point.processor));
  const size = rows[0]!.length;
  const sums = (by: (row: number[]) => number) => rows.reduce((sum, row) => sum + by(row), 0);
  const matrix = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_column, j) => sums((row) => row[i]! * row[j]!)),
    sums((row) => row[i]!),
  ]);
  for (let pivot = 0; pivot < size; pivot++) {
    for (let i = 0; i < size; i++) {
      if (i === pivot) continue;
      const factor = matrix[i]![pivot]! / matrix[pivot]![pivot]!;
      matrix[pivot]!.forEach((value, j) => (matrix[i]![j]! -= factor * value));
    }
  }
  return matrix.map((row, i) => row[size]! / row[i]!);
}

/** GFLOP a processor second of a large product alone. */
function bareRate(): number {
  const [a, b] = [tf.randomNormal([1024, 1024]) as tf.Tensor2D, tf.randomNormal([1024, 1024]) as tf.Tensor2D];
  const rates = Array.from({ length: 9 }, () => {
    const before = process.cpuUsage();
    for (let i = 0; i < 8; i++) tf.tidy(() => void tf.matMul(a, b).dataSync());
    const { user, system } = process.cpuUsage(before);
    return (8 * 2 * 1024 ** 3) / 1e3 / (user + system);
  });
  return medianOf(rates);
}

function report(): void {
  const [fixed, perGflop, perWritten, perWeights] = line as [number, number, number, number];
  console.log(`${backend.name}, ${backend.device}; load of the machine ${os.loadavg()[0]!.toFixed(1)}`);
  console.log(
    `processor ms = ${(1e3 * fixed).toFixed(0)} + ${(1e3 * perGflop).toFixed(1)} per GFLOP + ${(1e3 * perWritten).toFixed(2)} per million numbers + ${(1e3 * perWeights).toFixed(2)} per million weights`,
  );
  console.log(
    `${(1 / perGflop).toFixed(0)} GFLOP a processor second at the margin; a bare product of 1024 × 1024 does ${bareRate().toFixed(0)}`,
  );
  console.log('| weights | pairs | tokens a response | GFLOP | s | processor s | fitted | off |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const point of points) {
    const { weights, batch, gflop, seconds, processor } = point;
    const fitted = termsOf(point).reduce((sum, term, i) => sum + term * line[i]!, 0);
    const cells = [
      ...[`${(weights / 1e6).toFixed(1)} M`, batch.pairs, batch.response, gflop.toFixed(1), seconds.toFixed(3)],
      ...[processor.toFixed(3), fitted.toFixed(3), `${((fitted / processor - 1) * 100).toFixed(0)} %`],
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
