import { cachedGreedyHits, cachedScores } from '../../engine/data/score-sequences.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { withoutAdapter } from '../../engine/models/lora.ts';
import type { HalfPrecision, NumberCache } from '../../engine/ports.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { cachedTokens } from '../cached-tokens.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { hashModel } from '../number-cache.ts';

/** The frozen reference and pre-aligned model of a job. It is loaded only when a number is wanted that no cache has. */
export class Reference {
  readonly #folder: string;
  readonly #cache: NumberCache;
  readonly #context: JobContext;
  /** A model with the same weights that is in memory anyway, while it still has them. */
  #twin: CausalLm | null;
  readonly #half: HalfPrecision | null;
  #loaded: CausalLm | null = null;
  #hash: string | undefined;

  constructor(
    folder: string,
    cache: NumberCache,
    context: JobContext,
    twin: CausalLm | null = null,
    half: HalfPrecision | null = null,
  ) {
    this.#half = half;
    this.#folder = folder;
    this.#cache = cache;
    this.#context = context;
    this.#twin = twin;
  }

  /** A copy of its own, for what needs the model while the policy changes. */
  async model(): Promise<CausalLm> {
    if (this.#loaded === null) {
      this.#loaded = await loadWeights(this.#folder, this.#context);
      if (this.#half !== null) this.#loaded.computeInHalf(this.#half);
    }
    return this.#loaded;
  }

  /** Summed completion log-probs in nats, from the cache where they are known. */
  async scores(sequences: readonly CompletionSequence[], phase: string): Promise<Float32Array> {
    return cachedScores(async () => this.#twin ?? (await this.model()), await this.modelHash(), sequences, {
      ops: this.#context.ops,
      cache: this.#cache,
      onProgress: progressOf(this.#context, phase),
    });
  }

  /** Of every completion token, 1 where the greedy choice is right; a list per sequence, from the cache where it is known. */
  async greedyHits(sequences: readonly CompletionSequence[], phase: string): Promise<Float32Array[]> {
    return cachedGreedyHits(async () => this.#twin ?? (await this.model()), await this.modelHash(), sequences, {
      ops: this.#context.ops,
      cache: this.#cache,
      onProgress: progressOf(this.#context, phase),
    });
  }

  /** Sampled responses, drawn by `draw` unless these prompts were answered with these settings before. */
  async drawn(
    prompts: readonly Int32Array[],
    decoding: DecodingSettings,
    draw: (model: CausalLm) => Promise<Int32Array[]>,
  ): Promise<Int32Array[]> {
    const key = ['pre-samples', await this.modelHash(), JSON.stringify(decoding), ...prompts];
    return cachedTokens(this.#cache, key, async () => draw(this.#twin ?? (await this.model())));
  }

  /** Names the weights and how they are computed with. */
  async modelHash(): Promise<string> {
    const precision = this.#half === null ? '' : ' bf16';
    this.#hash ??= `${await hashModel(this.#folder)} ${this.#context.backend.name}${precision}`;
    return this.#hash;
  }

  /** Called before the first step: from then on the policy is no twin any more. */
  forgetTwin(): void {
    this.#twin = null;
  }

  dispose(): void {
    this.#loaded?.dispose();
    this.#loaded = null;
  }
}

/** The reference live, next to the changing policy. Under an adapter its plain weights are in memory anyway. */
export function liveReference({ job, policy, reference }: ReferenceInputs): Promise<CausalLm> {
  const shared = policy.adapter !== null && job.referencePath === undefined;
  return shared ? Promise.resolve(withoutAdapter(policy)) : reference.model();
}

interface ReferenceInputs {
  job: { referencePath?: string };
  policy: CausalLm;
  reference: Reference;
}
