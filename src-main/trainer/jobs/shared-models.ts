import { adaptedBeside } from '../../engine/checkpoint/adapted-beside.ts';
import { isRewardAdapter } from '../../engine/checkpoint/peft.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import type { WeightsPlace } from '../../shared/domain/jobs.ts';
import type { JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';
import { loadAdapted } from './policy.ts';

/** The frozen models of a job, each loaded when it is first wanted. Adapters share the weights of their base, which is loaded once. */
export class SharedModels {
  readonly #context: JobContext;
  readonly #opened = new Map<string, Promise<CausalLm>>();

  constructor(context: JobContext) {
    this.#context = context;
  }

  /** The model at a place; it is disposed with all others. `wanted` ends the loading when nobody waits for it any more. */
  open(place: WeightsPlace, wanted?: () => boolean): Promise<CausalLm> {
    const key = JSON.stringify([place.path, place.adapterPath ?? null]);
    const known = this.#opened.get(key);
    if (known !== undefined) return known;
    const opening = this.#load(place, wanted);
    this.#opened.set(key, opening);
    // What could not be loaded is tried again when it is asked for again; whoever asked was told.
    opening.catch(() => this.#opened.delete(key));
    return opening;
  }

  async #load({ path, adapterPath }: WeightsPlace, wanted: (() => boolean) | undefined): Promise<CausalLm> {
    if (adapterPath === undefined) {
      return loadWeights(path, this.#context, wanted === undefined ? {} : { wanted });
    }
    const adapter = openFolder(adapterPath);
    // Its head takes a place in the base itself.
    if (await isRewardAdapter(adapter)) return loadAdapted(path, adapterPath, this.#context);
    return adaptedBeside(await this.open({ path }, wanted), adapter);
  }

  /** Frees every model, those that borrow weights first. */
  async dispose(): Promise<void> {
    const opened = await Promise.all([...this.#opened.values()].map((opening) => opening.catch(() => null)));
    this.#opened.clear();
    const models = opened.filter((model) => model !== null);
    for (const model of models.toSorted((a, b) => b.borrowed.size - a.borrowed.size)) model.dispose();
  }
}
