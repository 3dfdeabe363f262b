import * as tf from '@tensorflow/tfjs-core';
import { attention, type PassContext } from './attention.ts';
import { attentionBlocks } from './causal-attention.ts';
import type { CausalLm, HiddenStatesOptions, KeyValueCache, LoraSettings, ModelConfig } from './causal-lm.ts';
import { DecoderCache } from './kv-cache.ts';
import { adapterScale, feedForward, type LoraContext, norm } from './layers.ts';
import { causalMask, paddingMask } from './mask.ts';
import { RotaryTables } from './rotary.ts';
import { added, reshaped } from './unsaved.ts';
import { rotationMatrix, stepBlock, type StepContext } from './step.ts';
import { stepWeights, type StepWeights } from './step-weights.ts';

/** Rotary rows held from the start; longer sequences extend the table. */
const expectedTime = 512;

export interface DecoderOptions {
  /** Names of what training may change; all when left out. */
  trainable?: (name: string) => boolean;
  /** Set when the parameters hold an adapter. */
  adapter?: LoraSettings;
  /** The parameters belong to another model, which disposes them. */
  sharesParameters?: boolean;
}

/** The one decoder: every family of `families.ts` runs through it. Takes over the variables and disposes them at its end. */
export function createDecoder(
  config: ModelConfig,
  parameters: ReadonlyMap<string, tf.Variable>,
  options: DecoderOptions = {},
): CausalLm {
  return new Decoder(config, parameters, options);
}

class Decoder implements CausalLm {
  readonly config: ModelConfig;
  readonly parameters: ReadonlyMap<string, tf.Variable>;
  readonly trainable: ReadonlyMap<string, tf.Variable>;
  readonly adapter: LoraSettings | null;
  readonly #ownsParameters: boolean;
  readonly #tables: RotaryTables | null;

  constructor(config: ModelConfig, parameters: ReadonlyMap<string, tf.Variable>, options: DecoderOptions) {
    const { positions } = config.architecture;
    this.config = config;
    this.parameters = parameters;
    this.trainable = new Map([...parameters].filter(([name]) => options.trainable?.(name) ?? true));
    this.adapter = options.adapter ?? null;
    this.#ownsParameters = options.sharesParameters !== true;
    this.#tables =
      positions.kind === 'rotary'
        ? new RotaryTables(positions.rotary, Math.min(expectedTime, config.maxPositions))
        : null;
  }

  hiddenStates(ids: tf.Tensor2D, lengths: readonly number[], options: HiddenStatesOptions = {}): tf.Tensor3D {
    const [batch, time] = ids.shape;
    if (lengths.length !== batch) throw new Error(`${lengths.length} lengths for ${batch} rows`);
    return tf.tidy(() => {
      const pass = this.#pass(batch, time, { lengths }, this.#loraContext(options));
      return reshaped<tf.Rank.R3>(this.#run(pass, this.#embed(ids, null)), [batch, time, this.config.dim]);
    });
  }

  logits(hidden: tf.Tensor2D, cache?: KeyValueCache): tf.Tensor2D {
    const { head, names } = this.config.architecture;
    if (head.kind !== 'language-model') throw new Error('a sequence classifier has no language-model head');
    if (cache instanceof DecoderCache) return tf.matMul(hidden, this.#stepWeights(cache).head);
    const matrix = this.config.tiedHead ? names.embedding : names.head;
    const weights = this.parameters.get(`${matrix}.weight`) as tf.Variable<tf.Rank.R2>;
    return tf.matMul(hidden, weights, false, true);
  }

  newCache(batch: number, maxTime: number, leftPadding?: readonly number[]): KeyValueCache {
    if (leftPadding !== undefined && leftPadding.length !== batch) {
      throw new Error(`${leftPadding.length} paddings for ${batch} rows`);
    }
    return new DecoderCache(this.config.layers, maxTime, leftPadding ?? null);
  }

  step(ids: tf.Tensor2D, cache: KeyValueCache): tf.Tensor2D {
    if (!(cache instanceof DecoderCache)) throw new Error('the cache belongs to another kind of model');
    const [batch, stretch] = ids.shape;
    if (cache.length + stretch > cache.maxTime) throw new Error(`the cache holds ${cache.maxTime} positions at most`);
    return tf.tidy(() => {
      const pass = this.#pass(batch, stretch, { cache }, this.#loraContext({}));
      const embedded = this.#embed(ids, cache);
      const hidden = stretch === 1 ? this.#runStep(pass, cache, embedded) : this.#run(pass, embedded, true);
      cache.advance(stretch);
      return hidden;
    });
  }

  dispose(): void {
    if (this.#ownsParameters) for (const parameter of this.parameters.values()) parameter.dispose();
    this.#tables?.dispose();
  }

  #loraContext(options: HiddenStatesOptions): LoraContext | null {
    if (this.adapter === null) return null;
    const { dropout } = this.adapter;
    const dropping = options.training === true && dropout > 0;
    let seed = options.dropoutSeed ?? 0;
    return { scale: adapterScale(this.adapter), dropout, nextSeed: dropping ? () => seed++ : null };
  }

  #pass(
    batch: number,
    time: number,
    { cache = null, lengths = [] }: { cache?: DecoderCache | null; lengths?: readonly number[] },
    lora: LoraContext | null,
  ): PassContext {
    const { config, parameters } = this;
    const { architecture } = config;
    const group = config.heads / config.kvHeads;
    const { window } = architecture.attention;
    return {
      architecture,
      config,
      parameters,
      lora,
      batch,
      time,
      cache,
      blocks: cache === null ? attentionBlocks(time, lengths, group, window) : [],
      mask: cache === null ? null : cacheMask(cache, time, group, window),
      rotary: cache === null ? (this.#tables?.forRows(lengths, time) ?? null) : this.#cachedRotary(time, cache),
    };
  }

  #cachedRotary(time: number, cache: DecoderCache) {
    if (this.#tables === null) return null;
    const seen = cache.length + time;
    if (seen === time && cache.leftPadding === null) return this.#tables.range(time);
    return this.#tables.at(positionsOf(time, cache), seen);
  }

  /** ids [batch, time] → [batch·time, dim] */
  #embed(ids: tf.Tensor2D, cache: DecoderCache | null): tf.Tensor2D {
    const { names } = this.config.architecture;
    const [batch, time] = ids.shape;
    const table = this.parameters.get(`${names.embedding}.weight`) as tf.Variable<tf.Rank.R2>;
    const tokens = tf.gather(table, tf.reshape(ids, [batch * time])) as tf.Tensor2D;
    if (names.positionEmbedding === undefined) return tokens;
    const seen = (cache?.length ?? 0) + time;
    if (seen > this.config.maxPositions) {
      throw new Error(`${seen} positions are more than the ${this.config.maxPositions} that the model has learned`);
    }
    const learned = this.parameters.get(`${names.positionEmbedding}.weight`) as tf.Variable<tf.Rank.R2>;
    const positions = cache === null ? tf.range(0, time, 1, 'int32') : positionsOf(time, cache);
    const added = tf.add(tf.reshape(tokens, [batch, time, this.config.dim]), tf.gather(learned, positions));
    return tf.reshape(added, [batch * time, this.config.dim]);
  }

  /** All blocks and the last norm; with `lastOnly`, the norm of each row's last position alone: [batch, dim]. */
  #run(pass: PassContext, embedded: tf.Tensor2D, lastOnly = false): tf.Tensor2D {
    const { names, residual } = this.config.architecture;
    let x = embedded;
    for (let layer = 0; layer < this.config.layers; layer++) {
      const input = x;
      x = tf.tidy(() => runBlock(pass, layer, `${names.block}.${layer}.`, residual, input));
    }
    return norm(pass, names.finalNorm, lastOnly ? lastPositions(x, pass.batch, pass.time) : x);
  }

  /** As `#run`, for one position a row. */
  #runStep(pass: PassContext, cache: DecoderCache, embedded: tf.Tensor2D): tf.Tensor2D {
    const rotation = pass.rotary === null ? null : rotationMatrix(pass.rotary, this.config.headDim);
    const step: StepContext = { ...pass, time: 1, rotation };
    let x = embedded;
    this.#stepWeights(cache).layers.forEach((weights, layer) => (x = stepBlock(step, layer, weights, x)));
    return norm(pass, pass.architecture.names.finalNorm, x);
  }

  #stepWeights(cache: DecoderCache): StepWeights {
    const { architecture } = this.config;
    const context = { architecture, parameters: this.parameters, lora: this.#loraContext({}) };
    return cache.weights(() => stepWeights(context, this.config));
  }
}

/** Additive mask of `time` new positions over everything seen; null when all of it may be. */
function cacheMask(cache: DecoderCache, time: number, group: number, window: number | null): tf.Tensor | null {
  const seen = cache.length + time;
  const causal = causalMask(time, seen, group, window);
  const padding = cache.leftPadding === null ? null : paddingMask(cache.leftPadding, seen);
  return causal !== null && padding !== null ? tf.add(causal, padding) : (causal ?? padding);
}

function runBlock(
  pass: PassContext,
  layer: number,
  block: string,
  residual: 'sequential' | 'parallel',
  x: tf.Tensor2D,
): tf.Tensor2D {
  const { names } = pass.architecture;
  const attended = attention(pass, layer, block, norm(pass, block + names.attentionNorm, x));
  const base = added(x, attended);
  const input = norm(pass, block + names.feedForwardNorm, residual === 'parallel' ? x : base);
  return added(base, feedForward(pass, block, input));
}

function lastPositions(x: tf.Tensor2D, batch: number, time: number): tf.Tensor2D {
  if (time === 1) return x;
  const dim = x.shape[1];
  return tf.reshape(tf.slice(tf.reshape(x, [batch, time, dim]), [0, time - 1, 0], [batch, 1, dim]), [batch, dim]);
}

/** Positions of `stretch` new tokens, int32 [batch or 1, stretch]; padding counts as position 0. */
function positionsOf(stretch: number, cache: DecoderCache): tf.Tensor2D {
  const range = tf.expandDims(tf.range(cache.length, cache.length + stretch, 1, 'int32'), 0) as tf.Tensor2D;
  if (cache.leftPadding === null) return range;
  return tf.relu(tf.sub(range, cache.leftPadding)) as tf.Tensor2D;
}
