// A process of its own per backend: a broken native library may abort the process that loads it, and the doctor has to live on.
import * as tf from '@tensorflow/tfjs-core';
import { openParentChannel } from '../system/parent-channel.ts';
import { openers } from './open-backend.ts';
import { backendNames } from './types.ts';

const name = backendNames.find((known) => known === process.argv[2]);
try {
  if (name === undefined) throw new Error(`no backend called ${process.argv[2] ?? ''}`);
  const opened = await openers[name]();
  const startedAtMs = performance.now();
  const left = tf.randomNormal([256, 256], 0, 1, 'float32', 1);
  await tf.matMul(left, left).data();
  answer({ ok: true, ...opened, firstProductMs: Math.round(performance.now() - startedAtMs) });
} catch (error) {
  answer({ ok: false, reason: error instanceof Error ? error.message : String(error) });
}

function answer(document: object): void {
  // Dawn keeps the event loop alive, so the process is ended, once the answer has left it. At a site a script reads it.
  const parent = openParentChannel();
  if (parent === null) process.stdout.write(`${JSON.stringify(document)}\n`, () => process.exit(0));
  else parent.send(document).then(parent.exit, () => process.exit(1));
}
