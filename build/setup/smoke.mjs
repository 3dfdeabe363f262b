// Run in a child by set-up: loads the binding and computes one product whose answer is known. A native library that cannot be
// loaded may abort the process, which is why this is a process of its own.
import { Module, createRequire } from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
process.env.TF_CPP_MIN_LOG_LEVEL ??= '3';
const util = require('node:util');
// Gone since Node 23, still called by tfjs-node.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

if (process.env.FLIPGUARD_BINDING_DIR) {
  // tfjs-node asks this package where its binding is.
  const finder = createRequire(require.resolve('@tensorflow/tfjs-node-gpu')).resolve('@mapbox/node-pre-gyp');
  const file = path.resolve(process.env.FLIPGUARD_BINDING_DIR, 'tfjs_binding.node');
  require.cache[finder] = Object.assign(new Module(finder), { exports: { find: () => file }, loaded: true });
}
const tf = require('@tensorflow/tfjs-node-gpu');
const product = tf
  .matMul(
    tf.tensor2d([
      [1, 2],
      [3, 4],
    ]),
    tf.tensor2d([
      [5, 6],
      [7, 8],
    ]),
  )
  .dataSync();
if (product.join() !== '19,22,43,50') throw new Error(`wrong product: ${product.join()}`);
const backend = tf.backend();
process.stdout.write(
  `${JSON.stringify({ tensorflow: backend.binding.TF_Version, gpu: backend.isUsingGpuDevice === true })}\n`,
);
