import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CausalLm, ModelConfig } from '../models/causal-lm.ts';
import { createDecoder } from '../models/decoder.ts';
import { readModelConfig } from '../models/families.ts';
import type { FolderReader } from '../ports.ts';
import { readJson } from './model-files.ts';
import { adapterConfigFile, adapterWeightsFile, type PeftSettings, readPeftSettings, refused } from './peft-config.ts';
import { byPattern, isSavedWhole, linearsOf, misfit, plainName, requirePlainEmbedding } from './peft-names.ts';
import { readTensors } from './read-tensors.ts';

/**
 * The model with a PEFT adapter merged into its weights; it replaces `model`. Weights that it borrows stay as they are. Supports LoRA,
 * rsLoRA and DoRA with ranks and alphas per module, trained biases, and modules saved whole. Every tensor in the file is used, or the file
 * is refused.
 */
export async function mergePeft(model: CausalLm, reader: FolderReader): Promise<CausalLm> {
  const file = `${reader.label}/${adapterConfigFile}`;
  const settings = readPeftSettings(await readJson(reader, adapterConfigFile), file);
  await refusePickles(reader);
  const { tensors } = await readTensors(reader, adapterWeightsFile);
  try {
    const named = new Map([...tensors].map(([name, tensor]) => [plainName(model.config, name), tensor] as const));
    const merge = new Merge(model, settings, named, reader.label);
    try {
      return merge.run();
    } catch (error) {
      merge.forget();
      throw error;
    }
  } finally {
    tf.dispose([...tensors.values()]);
  }
}

async function refusePickles(reader: FolderReader): Promise<void> {
  const files = await reader.list();
  if (files.includes(adapterWeightsFile)) return;
  const pickled = files.includes('adapter_model.bin');
  throw new WorkbenchError(
    pickled ? 'unsupported' : 'not-found',
    pickled
      ? `${reader.label} holds its adapter as a pickle, which runs code when it is opened`
      : `${reader.label} holds no ${adapterWeightsFile}`,
    {
      remedy: 'Save the adapter with PEFT’s save_pretrained (safetensors is its default).',
      place: { file: adapterWeightsFile },
    },
  );
}

class Merge {
  readonly #model: CausalLm;
  readonly #settings: PeftSettings;
  readonly #named: ReadonlyMap<string, tf.Tensor>;
  readonly #label: string;
  readonly #used = new Set<string>();
  readonly #weights: Map<string, tf.Variable>;
  readonly #borrowed: Set<string>;

  constructor(model: CausalLm, settings: PeftSettings, named: ReadonlyMap<string, tf.Tensor>, label: string) {
    this.#model = model;
    this.#settings = settings;
    this.#named = named;
    this.#label = label;
    this.#weights = new Map(model.parameters);
    this.#borrowed = new Set(model.borrowed);
  }

  run(): CausalLm {
    const embedded = [...this.#named.keys()]
      .filter((name) => name.endsWith('.lora_embedding_A'))
      .map((name) => name.slice(0, -'.lora_embedding_A'.length));
    if (embedded.length > 0) requirePlainEmbedding(this.#settings, `${this.#label}/${adapterConfigFile}`);
    const config = this.#untied();
    const modules = [...this.#named.keys()]
      .filter((name) => name.endsWith('.lora_A.weight'))
      .map((name) => name.slice(0, -14));
    const known = linearsOf(config);
    for (const module of modules) {
      const sizes = known.get(module);
      if (sizes === undefined) throw this.#misfit(`${module}.lora_A.weight`);
      this.#mergeLinear(module, sizes);
    }
    for (const module of embedded) this.#mergeEmbedding(module);
    for (const [name, tensor] of this.#named) if (!this.#used.has(name)) this.#replace(config, name, tensor);
    return createDecoder(config, this.#weights, { borrowed: this.#borrowed });
  }

  /** Frees what a failed merge has made so far; the model that it started from keeps its own weights. */
  forget(): void {
    const before = new Set(this.#model.parameters.values());
    for (const weight of this.#weights.values()) if (!before.has(weight)) weight.dispose();
  }

  #mergeLinear(module: string, { inputs, outputs }: { inputs: number; outputs: number }): void {
    const a = this.#take(`${module}.lora_A.weight`);
    const rank = a.shape[0] ?? 0;
    // PEFT also saves the base of an adapted head or embedding.
    if (this.#named.has(`${module}.weight`)) this.#assign(`${module}.weight`, this.#take(`${module}.weight`));
    const b = this.#take(`${module}.lora_B.weight`);
    const weight = this.#weights.get(`${module}.weight`)!;
    if (a.shape.join() !== `${rank},${inputs}`) throw this.#misfit(`${module}.lora_A.weight`);
    if (b.shape.join() !== `${outputs},${rank}`) throw this.#misfit(`${module}.lora_B.weight`);
    if (rank !== byPattern(this.#settings.rankPattern, module, this.#settings.rank))
      throw this.#misfit(`${module}.lora_A.weight`);
    const magnitude = this.#settings.magnitudes ? this.#take(`${module}.lora_magnitude_vector`) : null;
    if (magnitude !== null && magnitude.size !== outputs) throw this.#misfit(`${module}.lora_magnitude_vector`);
    const sideways = this.#model.config.architecture.linearLayout === 'in-out' && module !== this.#head;
    const merged = tf.tidy(() => {
      const stored = sideways ? tf.transpose(weight as tf.Tensor2D) : (weight as tf.Tensor2D);
      const moved = tf.add(stored, tf.mul(tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D), this.#scale(module, rank)));
      const whole = magnitude === null ? moved : withLengths(moved as tf.Tensor2D, magnitude);
      return sideways ? tf.transpose(whole) : whole;
    });
    this.#put(`${module}.weight`, weight, merged);
    merged.dispose();
  }

  /** For an embedding [tokens, dim] the product is transposed: A is [rank, tokens], B is [dim, rank]. */
  #mergeEmbedding(module: string): void {
    const { names } = this.#model.config.architecture;
    const a = this.#take(`${module}.lora_embedding_A`);
    const b = this.#take(`${module}.lora_embedding_B`);
    const rank = a.shape[0] ?? 0;
    // PEFT also saves the base of an adapted embedding.
    if (this.#named.has(`${module}.weight`)) this.#assign(`${module}.weight`, this.#take(`${module}.weight`));
    const weight = this.#weights.get(`${module}.weight`);
    if (weight === undefined || ![names.embedding, names.positionEmbedding].includes(module))
      throw this.#misfit(`${module}.lora_embedding_A`);
    if (a.shape.join() !== `${rank},${weight.shape[0]}`) throw this.#misfit(`${module}.lora_embedding_A`);
    if (b.shape.join() !== `${weight.shape[1]},${rank}`) throw this.#misfit(`${module}.lora_embedding_B`);
    const merged = tf.tidy(() => {
      const product = tf.transpose(tf.matMul(b as tf.Tensor2D, a as tf.Tensor2D));
      return tf.add(weight, tf.mul(product, this.#scale(module, rank)));
    });
    this.#put(`${module}.weight`, weight, merged);
    merged.dispose();
  }

  #scale(module: string, rank: number): number {
    const alpha = byPattern(this.#settings.alphaPattern, module, this.#settings.alpha);
    return alpha / (this.#settings.rankStabilised ? Math.sqrt(rank) : rank);
  }

  /** A bias, a module that was saved whole, or an embedding or a head that came along. */
  #replace(config: ModelConfig, name: string, tensor: tf.Tensor): void {
    const { names } = config.architecture;
    if (this.#cameAlong(name)) {
      const own = config.tiedHead && name === `${names.head}.weight` ? `${names.embedding}.weight` : name;
      return this.#assign(own, tensor);
    }
    const expected =
      (this.#settings.biases && name.endsWith('.bias')) || isSavedWhole(config, name, this.#settings.wholeModules);
    if (!expected) throw this.#misfit(name);
    this.#assign(name, tensor);
  }

  /** PEFT writes embedding and head next to the adapter if it is told to (save_embedding_layers), and loads them in their places. */
  #cameAlong(name: string): boolean {
    const { config } = this.#model;
    const { embedding, head } = config.architecture.names;
    const module = [embedding, head].find((one) => name === `${one}.weight`);
    const adapted = (one: string) => [...this.#named.keys()].some((other) => other.startsWith(`${one}.lora_`));
    return module !== undefined && !adapted(module) && !isSavedWhole(config, name, this.#settings.wholeModules);
  }

  #assign(name: string, tensor: tf.Tensor): void {
    const weight = this.#weights.get(name);
    if (weight === undefined || weight.shape.join() !== tensor.shape.join()) throw this.#misfit(name);
    this.#put(name, weight, tensor);
  }

  /** A weight that belongs to another model is copied here first. */
  #put(name: string, weight: tf.Variable, value: tf.Tensor): void {
    if (!this.#borrowed.delete(name)) return weight.assign(value as tf.Tensor<tf.Rank>);
    const copy = tf.clone(value);
    this.#weights.set(name, tf.variable(copy, weight.trainable));
    copy.dispose();
  }

  /**
   * If embedding and head are one weight and the adapter changes one of them, they are separated, as in PEFT's forward pass: the head gets
   * weights of its own, and config.json says so.
   */
  #untied(): ModelConfig {
    const { config } = this.#model;
    const { names } = config.architecture;
    if (!config.tiedHead || config.architecture.head.kind !== 'language-model') return config;
    const touches = (module: string) =>
      [...this.#named.keys()].some((name) => name.startsWith(`${module}.`) && !this.#cameAlong(name));
    const [embedding, head] = [touches(names.embedding), touches(names.head)];
    if (!embedding && !head) return config;
    if (this.#settings.keepsTies) {
      if (head && !embedding)
        throw this.#refused('ensure_weight_tying', 'an adapter on a head that stays tied to its embedding');
      this.#used.add(`${names.head}.weight`);
      return config;
    }
    const shared = this.#weights.get(`${names.embedding}.weight`)!;
    const copy = tf.clone(shared);
    this.#weights.set(`${names.head}.weight`, tf.variable(copy, shared.trainable));
    copy.dispose();
    return readModelConfig({ ...config.source, tie_word_embeddings: false });
  }

  get #head(): string {
    return this.#model.config.architecture.names.head;
  }

  #take(name: string): tf.Tensor {
    const tensor = this.#named.get(name);
    if (tensor === undefined) throw this.#misfit(name);
    this.#used.add(name);
    return tensor;
  }

  #misfit(name: string): WorkbenchError {
    return misfit(this.#model.config, this.#label, name, this.#named.get(name)?.shape);
  }

  #refused(field: string, what: string): WorkbenchError {
    return refused({ file: `${this.#label}/${adapterConfigFile}` }, field, what);
  }
}

/** Rows of V scaled to the given lengths: m · V / ‖V‖ (DoRA, eq. 5). */
function withLengths(moved: tf.Tensor2D, magnitude: tf.Tensor): tf.Tensor2D {
  const lengths = tf.sqrt(tf.sum(tf.square(moved), 1));
  return tf.mul(moved, tf.expandDims(tf.div(tf.reshape(magnitude, [-1]), lengths), 1));
}
