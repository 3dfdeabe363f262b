// Over 300 lines: one forward pass, with and without a cache, to be read in one piece for all families.
import * as tf from '@tensorflow/tfjs-core';
import { fusesAttention, type LayerAttention } from './architecture.ts';
import { type LayerView, type PackedPass, type PassContext, tensorsOfView, viewWith } from './attention.ts';
import { attentionBlocks } from './causal-attention.ts';
import type {
  CausalLm,
  HiddenStatesOptions,
  KeyValueCache,
  LanguageHead,
  LoraSettings,
  ModelConfig,
  PackedOptions,
} from './causal-lm.ts';
import { constant } from './constants.ts';
import { checkpointed } from './checkpointed.ts';
import { blockDropout } from './dropout.ts';
import { DecoderCache } from './kv-cache.ts';
import { adapterScale, type LoraContext, norm } from './layers.ts';
import type { FusedOps, HalfPrecision } from '../ports.ts';
import type { PackedBatch } from './packed-batch.ts';
import { blockLinears } from './parameters.ts';
import { Rotations } from './rotations.ts';
import { softCapped } from './soft-cap.ts';
import { added, reshaped, scaled } from './unsaved.ts';
import { attendStretches, rotationMatrix, stepBlock, type StepContext, type StretchContext } from './step.ts';
import { stepOf, type StepInput, type StepOutput } from './step-once.ts';
import { stepWeights, type StepWeights } from './step-weights.ts';
import { runBlock, runPackedBlock, lastPositions } from './run-block.ts';
import { cacheMask, perKind } from './decoder-views.ts';

/** Rotary rows available from the start; longer sequences extend the table. */
const expectedTime = 512;

export interface DecoderOptions {
  /** Names of what training may change; all if left out. */
  trainable?: (name: string) => boolean;
  /** Set when the parameters hold an adapter. */
  adapter?: LoraSettings;
  /** Parameters that belong to another model, which disposes them. */
  borrowed?: ReadonlySet<string>;
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
  readonly dependants = new Set<{ dispose(): void }>();
  readonly borrowed: ReadonlySet<string>;
  readonly #rotations: Rotations;
  #half: HalfPrecision | null = null;

  constructor(config: ModelConfig, parameters: ReadonlyMap<string, tf.Variable>, options: DecoderOptions) {
    this.config = config;
    this.parameters = parameters;
    this.trainable = new Map([...parameters].filter(([name]) => options.trainable?.(name) ?? true));
    this.adapter = options.adapter ?? null;
    this.borrowed = options.borrowed ?? new Set();
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

  get half(): HalfPrecision | null {
    return this.#half;
  }

  computeInHalf(half: HalfPrecision): void {
    this.#half = half;
    const { config } = this;
    for (let layer = 0; layer < config.layers; layer++) {
      for (const { name } of blockLinears(config, layer)) {
        const variable = this.parameters.get(`${name}.weight`);
        if (variable !== undefined && !this.trainable.has(`${name}.weight`)) half.store(variable);
      }
    }
  }

  get sharesPrompts(): boolean {
    return !this.#rotations.tracksRows;
  }

  rotationsAt(positions: Int32Array, lengths: Int32Array): Map<string, { cos: Float32Array; sin: Float32Array }> {
    return this.#rotations.atPlaces(positions, lengths);
  }

  packedStates(batch: PackedBatch, options: PackedOptions = {}): tf.Tensor2D {
    const { names } = this.config.architecture;
    const { ops, checkpointing = false } = options;
    return tf.tidy(() => {
      const pass = this.#packedPass(batch, ops?.fused ?? null);
      let x = this.#embedPlaces(batch);
      for (let layer = 0; layer < this.config.layers; layer++) {
        const block = `${names.block}.${layer}.`;
        const view = pass.views[layer]!;
        const run = (input: tf.Tensor2D, shared: readonly tf.Tensor[]) =>
          tf.tidy(() => {
            const own = { ...pass, views: [viewWith(view, shared)], lora: this.#blockLora(layer, options) };
            return runPackedBlock(own, block, input);
          });
        const trained = [...this.trainable].filter(([name]) => name.startsWith(block)).map(([, own]) => own);
        const input = x;
        const shared = tensorsOfView(view);
        x = checkpointing ? checkpointed(input, trained, shared, run, ops) : run(input, shared);
      }
      return norm(pass, names.finalNorm, x);
    });
  }

  logits(hidden: tf.Tensor2D, cache?: KeyValueCache): tf.Tensor2D {
    const { weights, multiplier, cap } = this.languageHead();
    const input = multiplier === 1 ? hidden : scaled(hidden, multiplier);
    const raw: tf.Tensor2D =
      cache instanceof DecoderCache
        ? tf.matMul(input, this.#stepWeights(cache).head)
        : tf.matMul(input, weights, false, true);
    return softCapped(raw, cap);
  }

  languageHead(): LanguageHead {
    const { head, names, multipliers, logitCap } = this.config.architecture;
    if (head.kind !== 'language-model') throw new Error('a sequence classifier has no language-model head');
    const name = `${this.config.tiedHead ? names.embedding : names.head}.weight`;
    const weights = this.parameters.get(name) as tf.Variable<tf.Rank.R2>;
    return { weights, multiplier: multipliers.logits, cap: logitCap, trains: this.trainable.has(name) };
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
      // What was computed with the frequencies of a short sequence does not belong in a long one.
      const fed = this.#rotations.staleAfter(cache, stretch) ? cache.startOver(ids) : cache.remember(ids);
      const time = fed.shape[1];
      const pass = this.#pass(batch, time, { cache }, this.#loraContext({}));
      const embedded = this.#embed(fed, cache);
      const hidden = time === 1 ? this.#runStep(pass, cache, embedded) : this.#run(pass, embedded, true);
      cache.advance(time);
      return hidden;
    });
  }

  stepOnce(input: StepInput): StepOutput {
    const context = { ...this.#context(), config: this.config };
    const { step, recent } = stepOf(context, input, (kind) => this.#rotations.nameOf(kind));
    const hidden = this.#blocksOfStep(step, input.weights, this.#embedPlaces(input));
    const { multiplier, cap } = this.languageHead();
    const scaledHidden: tf.Tensor2D = multiplier === 1 ? hidden : tf.mul(hidden, multiplier);
    return { logits: softCapped(tf.matMul(scaledHidden, input.weights.head), cap), recent };
  }

  stepWeights(): StepWeights {
    return stepWeights(this.#context(), this.config);
  }

  dispose(): void {
    for (const dependant of this.dependants) dependant.dispose();
    this.dependants.clear();
    for (const [name, parameter] of this.parameters) if (!this.borrowed.has(name)) parameter.dispose();
    this.#rotations.dispose();
  }

  #loraContext(options: HiddenStatesOptions): LoraContext | null {
    if (this.adapter === null) return null;
    const { dropout } = this.adapter;
    let seed = options.dropoutSeed ?? 0;
    const drop = (x: tf.Tensor2D) => tf.dropout(x, dropout, undefined, seed++) as tf.Tensor2D;
    return { scale: adapterScale(this.adapter), drop: options.training === true && dropout > 0 ? drop : null };
  }

  #blockLora(layer: number, { ops, dropout }: PackedOptions): LoraContext | null {
    if (this.adapter === null) return null;
    const { dropout: rate } = this.adapter;
    const drop = dropout === undefined || rate === 0 ? null : blockDropout(rate, dropout, layer, ops);
    return { scale: adapterScale(this.adapter), drop };
  }

  #packedPass(batch: PackedBatch, fused: FusedOps | null): PackedPass {
    const { config, parameters } = this;
    const { architecture, heads, kvHeads } = config;
    const { places, groups } = batch.form;
    const { softCap } = architecture.attention;
    const viewOf = perKind((kind: LayerAttention) => {
      const name = this.#rotations.nameOf(kind);
      const table = name === null ? undefined : batch.rotary.get(name);
      const ofPlaces = (x: tf.Tensor2D) => tf.reshape(x, [1, places, 1, x.shape[1]]);
      return {
        rotary: table === undefined ? null : { cos: ofPlaces(table.cos), sin: ofPlaces(table.sin) },
        window: kind.window,
        blocks:
          fused !== null && fusesAttention(architecture)
            ? []
            : groups.map(({ rows, time }) =>
                attentionBlocks(time, new Array<number>(rows).fill(time), heads / kvHeads, kind.window, softCap),
              ),
      };
    });
    return {
      architecture,
      config,
      parameters,
      lora: null,
      half: this.#half,
      fused,
      batch,
      views: architecture.layers.map(viewOf),
    };
  }

  /** → [places, dim] */
  #embedPlaces({ ids, positions }: Pick<PackedBatch, 'ids' | 'positions'>): tf.Tensor2D {
    const { names, multipliers } = this.config.architecture;
    const table = (name: string) => this.parameters.get(`${name}.weight`) as tf.Variable<tf.Rank.R2>;
    const picked = tf.gather(table(names.embedding), ids);
    const tokens = multipliers.embedding === 1 ? picked : scaled(picked, multipliers.embedding);
    return names.positionEmbedding === undefined
      ? tokens
      : added(tokens, tf.gather(table(names.positionEmbedding), this.#learnedRows(positions)));
  }

  /** The rows of the learned positions. */
  #learnedRows<T extends tf.Tensor>(positions: T): T {
    const { firstPosition = 0 } = this.config.architecture;
    return firstPosition === 0 ? positions : tf.add(positions, constant(tf.scalar(firstPosition, 'int32')));
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
    const { softCap } = architecture.attention;
    const rotary = cache === null ? this.#rotations.forRows(lengths, time) : this.#rotations.cached(cache, time);
    const viewOf = perKind((kind: LayerAttention): LayerView => ({
      blocks: cache === null ? attentionBlocks(time, lengths, group, kind.window, softCap) : [],
      mask: cache === null ? null : cacheMask(cache, time, group, kind.window),
      rotary: rotary(kind),
    }));
    return {
      architecture,
      config,
      parameters,
      lora,
      half: this.#half,
      fused: null,
      batch,
      time,
      cache,
      views: architecture.layers.map(viewOf),
    };
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
    const added = tf.add(
      tf.reshape(tokens, [batch, time, this.config.dim]),
      tf.gather(learned, this.#learnedRows(positions)),
    );
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

  /** Like `#run`, for one position per row. */
  #runStep(pass: PassContext, cache: DecoderCache, embedded: tf.Tensor2D): tf.Tensor2D {
    const { headDim } = this.config;
    const matrixOf = perKind((view: LayerView) => (view.rotary === null ? null : rotationMatrix(view.rotary, headDim)));
    const own: StretchContext = { ...pass, time: 1, rotations: pass.views.map(matrixOf) };
    const step = { ...own, attend: (layer: number, projected: tf.Tensor2D) => attendStretches(own, layer, projected) };
    return this.#blocksOfStep(step, this.#stepWeights(cache), embedded);
  }

  #blocksOfStep(step: StepContext, { layers }: StepWeights, embedded: tf.Tensor2D): tf.Tensor2D {
    let x = embedded;
    layers.forEach((weights, layer) => (x = stepBlock(step, layer, weights, x)));
    return norm(step, step.architecture.names.finalNorm, x);
  }

  #stepWeights(cache: DecoderCache): StepWeights {
    return cache.weights(() => stepWeights(this.#context(), this.config));
  }

  #context() {
    const { architecture } = this.config;
    return { architecture, parameters: this.parameters, lora: this.#loraContext({}), half: this.#half, fused: null };
  }
}
