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
  spreadSums();
}

/**
 * The gradients of sums and means, by spreading what comes back over what was summed. tfjs-core's own multiply it with ones, which they make
 * in JavaScript, of the size of the input.
 */
export function spreadSums(): void {
  const spread = (share: (count: number) => number): tf.GradFunc => {
    return (dy, saved, attrs) => {
      const [x] = saved as [tf.Tensor];
      const axes = tf.util.parseAxisParam((attrs?.['axis'] ?? null) as unknown as number[], x.shape);
      const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
      const factor = share(x.size / kept.reduce((product, size) => product * size, 1));
      return {
        x: () => {
          const by = tf.reshape(dy as tf.Tensor, kept);
          return tf.broadcastTo(factor === 1 ? by : tf.mul(by, factor), x.shape);
        },
      };
    };
  };
  tf.registerGradient({ kernelName: 'Sum', inputsToSave: ['x'], gradFunc: spread(() => 1) });
  tf.registerGradient({ kernelName: 'Mean', inputsToSave: ['x'], gradFunc: spread((count) => 1 / count) });
}
