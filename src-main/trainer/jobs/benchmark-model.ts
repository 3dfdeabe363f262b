import * as tf from '@tensorflow/tfjs-core';
import { loadModel, newVariable } from '../../engine/checkpoint/load-model.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { createDecoder } from '../../engine/models/decoder.ts';
import { readModelConfig } from '../../engine/models/families.ts';
import { addAdapter } from '../../engine/models/lora.ts';
import { expectedShapes } from '../../engine/models/parameters.ts';
import type { NativeOps } from '../../engine/ports.ts';
import { createRandom } from '../../engine/random.ts';
import type { BenchmarkJob } from '../../shared/domain/jobs.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { openFolder } from '../node-folders.ts';

/** Standard deviation of random weights, as transformers initialises most families. */
const spread = 0.02;

/** The model of a benchmark, with an adapter where the spec asks for one. */
export async function openBenchmarkModel(
  { model: source, work }: Pick<BenchmarkJob, 'model' | 'work'>,
  { tuning, seed }: RunSpec,
  ops: NativeOps,
): Promise<CausalLm> {
  const trainable = work === 'full';
  const base =
    source.kind === 'folder'
      ? await loadModel(openFolder(source.path), { trainable })
      : randomModel(source.config, trainable, ops);
  if (tuning.kind === 'full') return base;
  const { rank, alpha, targets } = tuning;
  return addAdapter(base, { rank, alpha, dropout: 0, targets }, createRandom(seed, 'adapter'));
}

function randomModel(source: Record<string, unknown>, trainable: boolean, ops: NativeOps): CausalLm {
  const config = readModelConfig(source);
  const parameters = new Map<string, tf.Variable>();
  let seed = 0;
  for (const [name, shape] of expectedShapes(config)) {
    // Vectors are gains of norms, or biases.
    if (shape.length > 1) parameters.set(name, randomMatrix(shape, seed++, trainable, ops));
    else {
      const length = shape[0] ?? 1;
      parameters.set(
        name,
        newVariable(new Float32Array(length).fill(name.endsWith('.bias') ? 0 : 1), shape, trainable),
      );
    }
  }
  return createDecoder(config, parameters, { trainable: () => trainable });
}

/** Uniform with the deviation above, drawn on the device where it can: there are a billion of them. */
function randomMatrix(shape: readonly number[], seed: number, trainable: boolean, ops: NativeOps): tf.Variable {
  const bound = spread * Math.sqrt(3);
  if (ops.uniform !== undefined) {
    const { uniform } = ops;
    return tf.tidy(() => {
      const drawn = uniform(shape, tf.tensor1d([seed, 1], 'int32'));
      return tf.variable(tf.mul(tf.sub(drawn, 0.5), 2 * bound), trainable);
    });
  }
  const random = createRandom(seed, 'benchmark');
  const size = shape.reduce((product, length) => product * length, 1);
  const data = new Float32Array(size);
  for (let i = 0; i < size; i++) data[i] = bound * (2 * random.next() - 1);
  return newVariable(data, shape, trainable);
}
