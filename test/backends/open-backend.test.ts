import * as tf from '@tensorflow/tfjs-core';
import { describe, expect, it } from 'vitest';
import { openBackend, openers } from '../../src-main/backends/open-backend.ts';
import type { BackendOpeners } from '../../src-main/backends/open-backend.ts';

const missing = (reason: string) => () => Promise.reject(new Error(reason));

describe('choosing a backend', () => {
  it('continues with the next one when the native library is missing, says why, and warns that it is slow', async () => {
    const table: BackendOpeners = {
      ...openers,
      'tensorflow-cuda': missing('no NVIDIA GPU found'),
      'tensorflow-cpu': missing('the native library is not set up'),
      webgpu: missing('no GPU that WebGPU can use'),
    };
    const opened = await openBackend({ openers: table });
    expect(opened.name).toBe('wasm');
    expect(opened.tried).toEqual([
      { name: 'tensorflow-cuda', reason: 'no NVIDIA GPU found' },
      { name: 'tensorflow-cpu', reason: 'the native library is not set up' },
      { name: 'webgpu', reason: 'no GPU that WebGPU can use' },
    ]);
    expect(opened.notes.join(' ')).toMatch(/slower.*doctor/);
    expect(tf.getBackend()).toBe('wasm');
  });

  it('says so when a preferred backend cannot be had', async () => {
    const opened = await openBackend({
      prefer: 'webgpu',
      openers: {
        ...openers,
        webgpu: missing('no GPU'),
        'tensorflow-cuda': missing('none'),
        'tensorflow-cpu': missing('none'),
        wasm: missing('none'),
      },
    });
    expect(opened.name).toBe('cpu');
    expect(opened.notes[0]).toBe('webgpu was asked for and could not be had: no GPU.');
  });

  it('names every backend and its reason when none opens', async () => {
    const none = missing('not here');
    const table: BackendOpeners = {
      'tensorflow-cuda': none,
      'tensorflow-cpu': none,
      webgpu: none,
      wasm: none,
      cpu: none,
    };
    await expect(openBackend({ openers: table })).rejects.toThrow(
      'No tensor backend opens: tensorflow-cuda (not here); tensorflow-cpu (not here); webgpu (not here); wasm (not here); cpu (not here)',
    );
  });

  it('trains in WebAssembly too: the gradient of gather is there', async () => {
    expect((await openBackend({ prefer: 'wasm' })).name).toBe('wasm');
    const ids = tf.tensor1d([2, 0, 2], 'int32');
    const gradient = tf.grad((x) =>
      tf.sum(
        tf.mul(
          tf.gather(x, ids),
          tf.tensor2d([
            [1, 2],
            [3, 4],
            [5, 6],
          ]),
        ),
      ),
    )(
      tf.tensor2d([
        [1, 1],
        [2, 2],
        [3, 3],
      ]),
    );
    expect(await gradient.array()).toEqual([
      [3, 4],
      [0, 0],
      [6, 8],
    ]);
  });
});
