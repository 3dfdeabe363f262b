import { createRequire } from 'node:module';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Registers tfjs-core's gradients, which its Node bundle leaves out. They come with the union package that tfjs-node depends on; its own
 * ES modules cannot be imported by Node (they name files without extensions).
 */
export function registerGradients(): void {
  if (tf.getGradient('MatMul') !== undefined || tf.getGradient('Sum') !== undefined) return;
  const require = createRequire(import.meta.url);
  createRequire(require.resolve('@tensorflow/tfjs-node-gpu/package.json'))('@tensorflow/tfjs');
  if (tf.getGradient('Sum') === undefined) throw new Error('gradients could not be registered');
}
