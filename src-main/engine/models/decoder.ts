import * as tf from '@tensorflow/tfjs-core';
import type { LayerAttention } from './architecture.ts';
import { attention, type LayerView, type PassContext } from './attention.ts';
import { blockOf } from './block.ts';
import { attentionBlocks } from './causal-attention.ts';
import type { CausalLm, HiddenStatesOptions, KeyValueCache, LoraSettings, ModelConfig } from './causal-lm.ts';
import { DecoderCache } from './kv-cache.ts';
import { adapterScale, feedForward, type LoraContext, norm } from './layers.ts';
import { causalMask, paddingMask } from './mask.ts';
import { Rotations } from './rotations.ts';
import { reshaped, scaled } from './unsaved.ts';
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
  readonly #rotations: Rotations;

  constructor(config: ModelConfig, parameters: ReadonlyMap<string, tf.Variable>, options: DecoderOptions) {
    this.config = config;
    this.parameters = parameters;
    this.trainable = new Map([...parameters].filter(([name]) => options.trainable?.(name) ?? true));
    this.adapter = options.adapter ?? null;
    this.#ownsParameters = options.sharesParameters !== true;
    this.#rotations = new Rotations(config.architecture.layers, Math.min(expectedTime, config.maxPositions));
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
    const { head, names, multipliers } = this.config.architecture;
    if (head.kind !== 'language-model') throw new Error('a sequence classifier has no language-model head');
    const input = multipliers.logits === 1 ? hidden : scaled(hidden, multipliers.logits);
    if (cache instanceof DecoderCache) return tf.matMul(input, this.#stepWeights(cache).head);
    const matrix = this.config.tiedHead ? names.embedding : names.head;
    const weights = this.parameters.get(`${matrix}.weight`) as tf.Variable<tf.Rank.R2>;
    return tf.matMul(input, weights, false, true);
  }

  newCache(batch: number, maxTime: number, leftPadding?: readonly number[]): KeyValueCache {
    if (leftPadding !== undefined && leftPadding.length !== batch) {
      throw new Error(`${leftPadding.length} paddings for ${batch} rows`);
    }
    const padding = leftPadding ?? new Array<number>(batch).fill(0);
    return new DecoderCache(this.config.layers, maxTime, padding, this.#rotations.tracksRows);
  }

  step(ids: tf.Tensor2D, cache: KeyValueCache): tf.Tensor2D {
    if (!(cache instanceof DecoderCache)) throw new Error('the cache belongs to another kind of model');
    const [batch, stretch] = ids.shape;
    if (cache.length + stretch > cache.maxTime) throw new Error(`the cache holds ${cache.maxTime} positions at most`);
    return tf.tidy(() => {
      // What was computed under the frequencies of a short sequence does not belong into a long one.
      const fed = this.#rotations.staleAfter(cache, stretch) ? cache.startOver(ids) : cache.remember(ids);
      const time = fed.shape[1];
      const pass = this.#pass(batch, time, { cache }, this.#loraContext({}));
      const embedded = this.#embed(fed, cache);
      const hidden = time === 1 ? this.#runStep(pass, cache, embedded) : this.#run(pass, embedded, true);
      cache.advance(time);
      return hidden;
    });
  }

  dispose(): void {
    if (this.#ownsParameters) for (const parameter of this.parameters.values()) parameter.dispose();
    this.#rotations.dispose();
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
    const rotary = cache === null ? this.#rotations.forRows(lengths, time) : this.#rotations.cached(cache, time);
    const viewOf = perKind((kind: LayerAttention): LayerView => ({
      blocks: cache === null ? attentionBlocks(time, lengths, group, kind.window) : [],
      mask: cache === null ? null : cacheMask(cache, time, group, kind.window),
      rotary: rotary(kind),
    }));
    return { architecture, config, parameters, lora, batch, time, cache, views: architecture.layers.map(viewOf) };
  }

  /** ids [batch, time] → [batch·time, dim] */
  #embed(ids: tf.Tensor2D, cache: DecoderCache | null): tf.Tensor2D {
    const { names } = this.config.architecture;
    const [batch, time] = ids.shape;
    const table = this.parameters.get(`${names.embedding}.weight`) as tf.Variable<tf.Rank.R2>;
    const picked = tf.gather(table, tf.reshape(ids, [batch * time])) as tf.Tensor2D;
    const { embedding } = this.config.architecture.multipliers;
    const tokens = embedding === 1 ? picked : scaled(picked, embedding);
    if (names.positionEmbedding === undefined) return tokens;
    const seen = (cache?.length ?? 0) + time;
    if (seen > this.config.maxPositions) {
      throw new Error(`${seen} positions are more than the ${this.config.maxPositions} that the model has learned`);
    }
    const learned = this.parameters.get(`${names.positionEmbedding}.weight`) as tf.Variable<tf.Rank.R2>;
    const positions = cache === null ? tf.range(0, time, 1, 'int32') : cache.positions(time);
    const added = tf.add(tf.reshape(tokens, [batch, time, this.config.dim]), tf.gather(learned, positions));
    return tf.reshape(added, [batch * time, this.config.dim]);
  }

  /** All blocks and the last norm; with `lastOnly`, the norm of each row's last position alone: [batch, dim]. */
  #run(pass: PassContext, embedded: tf.Tensor2D, lastOnly = false): tf.Tensor2D {
    const { names } = this.config.architecture;
    let x = embedded;
    for (let layer = 0; layer < this.config.layers; layer++) {
      const input = x;
      x = tf.tidy(() => runBlock(pass, layer, `${names.block}.${layer}.`, input));
    }
    return norm(pass, names.finalNorm, lastOnly ? lastPositions(x, pass.batch, pass.time) : x);
  }

  /** As `#run`, for one position a row. */
  #runStep(pass: PassContext, cache: DecoderCache, embedded: tf.Tensor2D): tf.Tensor2D {
    const { headDim } = this.config;
    const matrixOf = perKind((view: LayerView) => (view.rotary === null ? null : rotationMatrix(view.rotary, headDim)));
    const step: StepContext = { ...pass, time: 1, rotations: pass.views.map(matrixOf) };
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

function runBlock(pass: PassContext, layer: number, block: string, x: tf.Tensor2D): tf.Tensor2D {
  return blockOf(pass, block, x, {
    attention: (input) => attention(pass, layer, block, input),
    feedForward: (input) => feedForward(pass, block, input),
  });
}

/** What is made once for all layers that share an object. */
function perKind<Kind extends object, Made>(make: (kind: Kind) => Made): (kind: Kind) => Made {
  const made = new Map<Kind, Made>();
  return (kind) => {
    const known = made.get(kind) ?? make(kind);
    made.set(kind, known);
    return known;
  };
}

function lastPositions(x: tf.Tensor2D, batch: number, time: number): tf.Tensor2D {
  if (time === 1) return x;
  const dim = x.shape[1];
  return tf.reshape(tf.slice(tf.reshape(x, [batch, time, dim]), [0, time - 1, 0], [batch, 1, dim]), [batch, dim]);
}
