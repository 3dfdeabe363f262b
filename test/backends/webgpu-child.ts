// Run by webgpu.test.ts in a process of its own, because Dawn finds its driver by the environment that the process was started with.
// The same computations on the JavaScript backend and on WebGPU, answered as one JSON document.
import * as tf from '@tensorflow/tfjs-core';
import { composedOps, openBackend } from '../../src-main/backends/index.ts';
import { makeTinyLlama } from '../helpers/tiny-model.ts';

const chosen = [
  [1, 5, 9, 4, 7, 2],
  [1, 3, 3, 8, 6, 2],
];
const rejected = [
  [1, 5, 9, 11, 12, 2],
  [1, 3, 10, 8, 1, 2],
];

/** One DPO step's worth of work on a two-layer Llama with grouped queries: loss and the gradient of every weight. */
async function dpoGradients(): Promise<{ loss: number; gradients: Record<string, number[]> }> {
  const model = makeTinyLlama({ vocab: 13, dim: 16, layers: 2, heads: 4, kvHeads: 2, seed: 5 });
  const ids = [...chosen, ...rejected];
  const time = 6;
  const names = [...model.trainable.keys()];
  const variables = [...model.trainable.values()];
  const { value, grads } = tf.variableGrads(() => {
    const hidden = model.hiddenStates(tf.tensor2d(ids, [4, time], 'int32'), [time, time, time, time]);
    const logits = model.logits(tf.reshape(hidden, [4 * time, 16]));
    const logProbs = tf.reshape(tf.logSoftmax(logits), [4, time, 13]);
    const next = tf.tensor3d(
      ids.map((row) => row.slice(1).map((id) => Array.from({ length: 13 }, (_, k) => (k === id ? 1 : 0)))),
    );
    const sums = tf.sum(tf.mul(tf.slice(logProbs, [0, 0, 0], [4, time - 1, 13]), next), [1, 2]);
    const margin = tf.sub(tf.slice(sums, [0], [2]), tf.slice(sums, [2], [2]));
    return tf.mean(tf.softplus(tf.neg(tf.mul(margin, 0.5))));
  }, variables);
  const gradients: Record<string, number[]> = {};
  for (const [i, name] of names.entries()) {
    const grad = grads[variables[i]?.name ?? ''];
    if (grad !== undefined) gradients[name] = Array.from(await grad.data());
  }
  const loss = (await value.data())[0] ?? NaN;
  model.dispose();
  return { loss, gradients };
}

async function crossEntropy(): Promise<number[]> {
  const logits = tf.tensor2d([
    [0, 1, 2],
    [3, -1, 0],
  ]);
  const { loss, grad } = composedOps.sparseSoftmaxCrossEntropy(logits, tf.tensor1d([2, 1], 'int32'));
  return [...(await loss.data()), ...(await grad.data())];
}

async function gatherGradient(): Promise<number[]> {
  const table = tf.tensor2d(Array.from({ length: 40 }, (_, i) => [i, -i, i / 2]));
  const ids = tf.tensor1d(
    Array.from({ length: 600 }, (_, i) => (i * 7) % 40),
    'int32',
  );
  const weights = tf.tensor2d(Array.from({ length: 600 }, (_, i) => [Math.sin(i), Math.cos(i), 1]));
  return Array.from(
    await tf
      .grad((x) => tf.sum(tf.mul(tf.gather(x, ids), weights)))(table)
      .data(),
  );
}

async function onBackend(prefer: 'cpu' | 'webgpu') {
  const { name, device } = await openBackend({ prefer });
  const before = tf.memory().numTensors;
  const answer = {
    name,
    device,
    dpo: await dpoGradients(),
    crossEntropy: await crossEntropy(),
    gather: await gatherGradient(),
  };
  return { ...answer, numTensorsBefore: before };
}

const cpu = await onBackend('cpu');
const webgpu = await onBackend('webgpu');
// Dawn keeps the event loop alive.
process.stdout.write(JSON.stringify({ cpu, webgpu }), () => process.exit(0));
