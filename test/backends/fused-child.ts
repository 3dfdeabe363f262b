// Run by fused.test.ts in a process of its own for each set of instructions, which the binding chooses when it is loaded. Every fused
// operation next to the same written out in float64, answered as one JSON document: by case, the largest difference as a share of the largest
// number; and a digest of every bit that came out.
import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs-core';
import { nativeOps, openBackend } from '../../src-main/backends/index.ts';
import { activeTensorflow } from '../../src-main/backends/tensorflow.ts';
import { createRandom } from '../../src-main/engine/random.ts';
import { type AttentionCase, attentionInPlain } from '../helpers/plain-attention.ts';
import { type StepCase, stepInPlain } from '../helpers/plain-step.ts';

await openBackend({ prefer: 'tensorflow-cpu' });
const fused = nativeOps().fused;
const differences: Record<string, number> = {};
const digest = createHash('sha256');
if (fused !== undefined) {
  norms();
  gates();
  losses();
  divergences();
  scaledRows();
  attentions();
  steps();
  picks();
}
const instructions = activeTensorflow()?.binding.fusedOperations;
console.log(JSON.stringify({ instructions, differences, digest: digest.digest('hex') }));
process.exit(0);

function numbers(count: number, seed: number, size = 1): number[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => size * (2 * random.next() - 1));
}

/** As the float32 tensors hold them. */
function held(values: readonly number[]): number[] {
  return Array.from(Float32Array.from(values));
}

function compare(name: string, ours: tf.Tensor, expected: readonly number[]): void {
  const bits = ours.dataSync();
  digest.update(new Uint8Array(bits.buffer, bits.byteOffset, bits.byteLength));
  const got = [...bits];
  if (got.length !== expected.length) throw new Error(`${name}: ${got.length} numbers in place of ${expected.length}`);
  const most = Math.max(...expected.map(Math.abs), 1e-30);
  const off = Math.max(...got.map((value, i) => Math.abs(value - expected[i]!)));
  differences[name] = Number.isFinite(off) ? off / most : Number.MAX_VALUE;
}

function norms(): void {
  const epsilon = 1e-5;
  for (const [rows, size] of [
    [1, 2],
    [3, 7],
    [70, 64],
    [130, 33],
    [5, 288],
  ] as const) {
    const [x, gain, dy] = [held(numbers(rows * size, 1, 3)), held(numbers(size, 2)), held(numbers(rows * size, 3))];
    const [y, byX, byGain] = [[], [], new Array<number>(size).fill(0)] as [number[], number[], number[]];
    for (let row = 0; row < rows; row++) {
      const at = (of: readonly number[], i: number) => of[row * size + i]!;
      const each = Array.from({ length: size }, (_, i) => i);
      const r = 1 / Math.sqrt(each.reduce((sum, i) => sum + at(x, i) ** 2, 0) / size + epsilon);
      const along = each.reduce((sum, i) => sum + at(dy, i) * gain[i]! * at(x, i) * r, 0) / size;
      for (const i of each) {
        const unit = at(x, i) * r;
        y.push(unit * gain[i]!);
        byX.push((at(dy, i) * gain[i]! - unit * along) * r);
        byGain[i]! += at(dy, i) * unit;
      }
    }
    const [input, by] = [tf.tensor2d(x, [rows, size]), tf.tensor2d(dy, [rows, size])];
    const factor = tf.tensor1d(gain);
    const name = `norm of ${rows} × ${size}`;
    compare(name, fused!.rmsNorm(input, factor, epsilon), y);
    const [ownX, ownGain] = fused!.rmsNormGradient(input, factor, by, epsilon);
    compare(`${name}, by what is normed`, ownX, byX);
    compare(`${name}, by gain`, ownGain, byGain);
  }
}

function gates(): void {
  // One vector and a bit, and several parts.
  for (const size of [37, 40_001]) {
    const gate = held([...numbers(size - 4, 1, 8), -1000, -95, 95, 1000]);
    const [up, dy] = [held(numbers(size, 2)), held(numbers(size, 3))];
    const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
    const [g, u, by] = [gate, up, dy].map((values) => tf.tensor2d(values, [1, size])) as [
      tf.Tensor2D,
      ...tf.Tensor2D[],
    ];
    const name = `gate of ${size}`;
    const silu = gate.map((x) => x * sigmoid(x));
    compare(
      name,
      fused!.swiGlu(g, u!),
      silu.map((a, i) => a * up[i]!),
    );
    const [byGate, byUp] = fused!.swiGluGradient(g, u!, by!);
    compare(
      `${name}, by gate`,
      byGate,
      gate.map((x, i) => dy[i]! * up[i]! * sigmoid(x) * (1 + x - silu[i]!)),
    );
    compare(
      `${name}, by what it lets through`,
      byUp,
      silu.map((a, i) => dy[i]! * a),
    );
  }
}

function softmaxOf(row: readonly number[], without?: number): number[] {
  const most = Math.max(...row.filter((_, i) => i !== without));
  const powers = row.map((x, i) => (i === without ? 0 : Math.exp(x - most)));
  const total = powers.reduce((sum, x) => sum + x, 0);
  return powers.map((x) => x / total);
}

/** Ordinary ones, ones so large that digits are scarce, and a certain label. */
function rowsOfLogits(vocabulary: number, seed: number): number[][] {
  const plain = held(numbers(vocabulary, seed, 5));
  const large = plain.map((x) => Math.fround(x + 3000));
  const certain = plain.map((x, i) => (i === seed % vocabulary ? 60 : x));
  return [plain, large, certain];
}

function losses(): void {
  for (const vocabulary of [1, 15, 512, 1003]) {
    const rows = rowsOfLogits(vocabulary, 4);
    const labels = [vocabulary - 1, 0, 4 % vocabulary];
    const [logits, targets] = [tf.tensor2d(rows), tf.tensor1d(labels, 'int32')];
    const { loss, grad } = fused!.crossEntropy(logits, targets);
    const shares = rows.map((row) => softmaxOf(row));
    const expected = rows.map((row, i) => {
      const most = Math.max(...row);
      const total = row.reduce((sum, x) => sum + Math.exp(x - most), 0);
      return most - row[labels[i]!]! + Math.log(total);
    });
    compare(`loss over ${vocabulary}`, loss, expected);
    compare(
      `loss over ${vocabulary}, its gradient`,
      grad,
      shares.flatMap((row, i) => row.map((p, k) => p - (k === labels[i] ? 1 : 0))),
    );
  }
}

function divergences(): void {
  for (const vocabulary of [15, 512, 1003]) {
    for (const without of [false, true]) {
      const [old, own] = [rowsOfLogits(vocabulary, 5), rowsOfLogits(vocabulary, 6)];
      const labels = [vocabulary - 1, 0, 5];
      const hidden = (i: number) => (without ? labels[i] : undefined);
      const q = old.map((row, i) => softmaxOf(row, hidden(i)));
      const p = own.map((row, i) => softmaxOf(row, hidden(i)));
      const name = `divergence over ${vocabulary}${without ? ' without the label' : ''}`;
      // A fourth row that is not compared.
      const [all, targets] = [tf.tensor2d([...own, own[0]!]), tf.tensor1d([...labels, 1], 'int32')];
      const alone = fused!.crossEntropy(all, targets);
      const made = fused!.lossesBeside(all, tf.tensor2d(old), targets, without);
      compare(`${name}, losses`, made.loss, [...alone.loss.dataSync()]);
      compare(`${name}, their gradient`, made.grad, [...alone.grad.dataSync()]);
      compare(
        name,
        made.divergence,
        q.map((row, i) => row.reduce((sum, x, k) => sum + (x === 0 ? 0 : x * Math.log(x / p[i]![k]!)), 0)),
      );
      compare(
        `${name}, what its gradient needs`,
        made.other,
        q.flatMap((row, i) => row.map((x, k) => (without ? p[i]![k]! - x : x - (k === labels[i] ? 1 : 0)))),
      );
    }
  }
}

function scaledRows(): void {
  const [rows, first, width] = [5, 3, 19];
  const [x, y] = [held(numbers(rows * width, 7)), held(numbers(first * width, 8))];
  const [a, b] = [held(numbers(first, 9)), held(numbers(first, 10))];
  const sum = fused!.firstRowsScaled(
    tf.tensor2d(x, [rows, width]),
    tf.tensor2d(y, [first, width]),
    tf.tensor2d(a, [first, 1]),
    tf.tensor2d(b, [first, 1]),
  );
  const factorOf = (i: number) => Math.floor(i / width);
  compare(
    'first rows',
    sum,
    x.map((value, i) => (i < first * width ? value * a[factorOf(i)]! + y[i]! * b[factorOf(i)]! : value)),
  );
}

function attentions(): void {
  const cases: Record<string, AttentionCase> = {
    'one head': { heads: 1, kvHeads: 1, headDim: 8, turns: 4, window: null, rows: [5] },
    'grouped heads': { heads: 8, kvHeads: 4, headDim: 8, turns: 4, window: null, rows: [40, 33] },
    'a window': { heads: 4, kvHeads: 2, headDim: 16, turns: 8, window: 5, rows: [70, 9] },
    'a window of one vector': { heads: 2, kvHeads: 1, headDim: 4, turns: 2, window: 16, rows: [130] },
    'partial rotation': { heads: 3, kvHeads: 3, headDim: 48, turns: 8, window: null, rows: [21, 64] },
    'no rotation, odd sizes': { heads: 2, kvHeads: 1, headDim: 6, turns: 0, window: null, rows: [1, 19] },
    'wide heads, a long row': { heads: 2, kvHeads: 1, headDim: 128, turns: 64, window: null, rows: [300] },
    'a shared prompt': { heads: 4, kvHeads: 2, headDim: 8, turns: 4, window: null, rows: [30, 24, 41], shared: 11 },
    'a shared prompt in a window': {
      ...{ heads: 4, kvHeads: 2, headDim: 8, turns: 4, window: 7, rows: [30, 24, 41] },
      shared: 19,
    },
  };
  for (const [name, sizes] of Object.entries(cases)) {
    const { of, dy, output, gradients } = attentionInPlain(sizes);
    compare(`attention, ${name}`, fused!.attention(of), output);
    const ours = fused!.attentionGradient(of, dy);
    (['query', 'key', 'value'] as const).forEach((which, i) =>
      compare(`attention, ${name}, by ${which}`, ours[i]!, gradients[i]!),
    );
  }
}

function steps(): void {
  const cases: Record<string, StepCase> = {
    'one head, the first position': {
      heads: 1,
      kvHeads: 1,
      headDim: 8,
      turns: 4,
      window: null,
      place: 0,
      paddings: [0],
    },
    'grouped heads, padded rows': {
      ...{ heads: 8, kvHeads: 4, headDim: 8, turns: 4, window: null },
      ...{ place: 40, paddings: [0, 3, 17, 40] },
    },
    'a window, its start within a vector': {
      ...{ heads: 4, kvHeads: 2, headDim: 16, turns: 8, window: 21 },
      ...{ place: 77, paddings: [0, 60, 70] },
    },
    'partial rotation, wide heads': {
      heads: 3,
      kvHeads: 3,
      headDim: 48,
      turns: 8,
      window: null,
      place: 15,
      paddings: [1, 0],
    },
    'no rotation, odd sizes': { heads: 2, kvHeads: 1, headDim: 6, turns: 0, window: null, place: 127, paddings: [0] },
    'many rows, a long text': {
      ...{ heads: 2, kvHeads: 1, headDim: 32, turns: 16, window: null },
      ...{ place: 100, paddings: Array.from({ length: 20 }, (_, row) => 5 * row) },
    },
  };
  for (const [name, sizes] of Object.entries(cases)) {
    const { of, output, keys, values } = stepInPlain(sizes);
    compare(`step, ${name}`, fused!.attendStep(of), output);
    compare(`step, ${name}, the keys that it keeps`, of.keys, keys);
    compare(`step, ${name}, the values that it keeps`, of.values, values);
  }
}

function picks(): void {
  for (const vocabulary of [1, 15, 512, 1003]) {
    const rows = rowsOfLogits(vocabulary, 12);
    const logits = tf.tensor2d(rows);
    const logShares = rows.map((row) => softmaxOf(row).map(Math.log));
    const { token, logProb } = fused!.likeliest(logits);
    const best = rows.map((row) => row.indexOf(Math.max(...row)));
    compare(`likeliest of ${vocabulary}`, token, best);
    compare(
      `likeliest of ${vocabulary}, its log-prob`,
      logProb,
      best.map((place, i) => logShares[i]![place]!),
    );
    for (const temperature of [1, 0.7, 1.9]) {
      const shares = rows.map((row) => softmaxOf(row.map((x) => x / temperature)));
      for (const uniform of [0, 0.31, 0.77, 1]) {
        const drawn = fused!.drawn(logits, tf.fill([rows.length], uniform) as tf.Tensor1D, temperature);
        const name = `drawn from ${vocabulary} at ${temperature} with ${uniform}`;
        const tokens = [...drawn.token.dataSync()];
        // Where the running sum of probabilities passes the uniform number, give or take a rounding.
        const isThere = tokens.map((place, i) => {
          const before = shares[i]!.slice(0, place).reduce((sum, share) => sum + share, 0);
          return before - 1e-6 <= uniform && uniform <= before + shares[i]![place]! + 1e-6 && shares[i]![place]! > 0;
        });
        compare(name, tf.tensor1d(isThere.map(Number)), [1, 1, 1]);
        compare(
          `${name}, its log-prob`,
          drawn.logProb,
          tokens.map((place, i) => logShares[i]![place]!),
        );
      }
    }
  }
}
