import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RandomStream } from '../ports.ts';
import type { CausalLm, LoraSettings, ModelConfig } from './causal-lm.ts';
import { createDecoder } from './decoder.ts';
import { adapterScale } from './layers.ts';
import { blockLinears, scoreHead, type LinearShape } from './parameters.ts';

/**
 * Low-rank adapters (Hu et al. 2021): next to W a product B·A of rank r, scaled by alpha/r. A starts uniform in ±1/√inputs, B at 0,
 * as PEFT does, so that the adapted model starts as the plain one.
 */
export function addAdapter(model: CausalLm, settings: LoraSettings, random: RandomStream): CausalLm {
  const adapter = new Map<string, tf.Variable>();
  for (const { name, inputs, outputs } of targetLinears(model.config, settings.targets)) {
    const bound = inputs ** -0.5;
    const a = Float32Array.from({ length: settings.rank * inputs }, () => bound * (2 * random.next() - 1));
    adapter.set(`${name}.lora_A.weight`, variableOf(a, [settings.rank, inputs]));
    adapter.set(
      `${name}.lora_B.weight`,
      variableOf(new Float32Array(outputs * settings.rank), [outputs, settings.rank]),
    );
  }
  return attachAdapter(model, settings, adapter);
}

/**
 * The model with these adapter weights; it replaces `model` and owns its weights. The adapter trains and so, in full, does the score head
 * of a sequence classifier: PEFT's `modules_to_save`.
 */
export function attachAdapter(
  model: CausalLm,
  settings: LoraSettings,
  adapter: ReadonlyMap<string, tf.Variable>,
): CausalLm {
  if (model.adapter !== null) throw new WorkbenchError('conflict', 'the model already has an adapter');
  const parameters = new Map([...model.parameters, ...adapter]);
  const head = parameters.get(scoreHead);
  if (head !== undefined) head.trainable = true;
  return createDecoder(model.config, parameters, {
    trainable: (name) => adapter.has(name) || name === scoreHead,
    adapter: settings,
    borrowed: model.borrowed,
  });
}

/** The plain model under an adapted one, sharing its weights: the reference of a LoRA run at no cost in memory. */
export function withoutAdapter(model: CausalLm): CausalLm {
  const base = new Map([...model.parameters].filter(([name]) => !isAdapterWeight(name)));
  const plain = createDecoder(model.config, base, { trainable: () => false, borrowed: new Set(base.keys()) });
  if (model.half !== null) plain.computeInHalf(model.half);
  return plain;
}

/** The same model again, on the same weights, which still belong to `model`. */
export function sharedWith(model: CausalLm): CausalLm {
  const borrowed = new Set(model.parameters.keys());
  return createDecoder(model.config, model.parameters, { trainable: () => false, borrowed });
}

/** Adds the adapter into the weights it sits on. The returned model replaces `model`; all of its weights are trainable. */
export function mergeAdapter(model: CausalLm): CausalLm {
  const base = new Map([...model.parameters].filter(([name]) => !isAdapterWeight(name)));
  for (const [name, variable] of model.parameters) {
    if (!name.endsWith('.lora_A.weight')) continue;
    const linear = name.slice(0, -'.lora_A.weight'.length);
    mergeInto(model, base.get(`${linear}.weight`)!, variable, model.parameters.get(`${linear}.lora_B.weight`)!);
  }
  for (const [name, variable] of model.parameters) {
    if (isAdapterWeight(name)) variable.dispose();
  }
  return createDecoder(model.config, base);
}

function mergeInto(model: CausalLm, weight: tf.Variable, a: tf.Variable, b: tf.Variable): void {
  const { linearLayout } = model.config.architecture;
  const merged = tf.tidy(() => {
    const product = tf.mul(tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D), adapterScale(model.adapter!));
    return tf.add(weight, linearLayout === 'out-in' ? product : tf.transpose(product));
  });
  weight.assign(merged);
  merged.dispose();
}

export function isAdapterWeight(name: string): boolean {
  return name.endsWith('.lora_A.weight') || name.endsWith('.lora_B.weight');
}

/** The linears that the targets name: by full module name or by its end, as PEFT matches; `all-linear` is every one. */
export function targetLinears(config: ModelConfig, targets: readonly string[]): LinearShape[] {
  const all = Array.from({ length: config.layers }, (_, layer) => blockLinears(config, layer)).flat();
  const matches = (linear: LinearShape, target: string) =>
    target === 'all-linear' || linear.name === target || linear.name.endsWith(`.${target}`);
  const unknown = targets.find((target) => !all.some((linear) => matches(linear, target)));
  if (unknown !== undefined) {
    const known = [...new Set(all.map((linear) => linear.name.slice(linear.name.lastIndexOf('.') + 1)))];
    throw new WorkbenchError('bad-input', `a ${config.family} model has no linear layer “${unknown}” to adapt`, {
      remedy: `Its linear layers are: ${known.join(', ')}; or all-linear.`,
      place: { field: 'tuning.targets' },
    });
  }
  return all.filter((linear) => targets.some((target) => matches(linear, target)));
}

function variableOf(data: Float32Array, shape: [number, number]): tf.Variable {
  const initial = tf.tensor2d(data, shape);
  const variable = tf.variable(initial);
  initial.dispose();
  return variable;
}
