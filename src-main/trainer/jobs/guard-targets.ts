import { DataOrder } from '../../engine/data/order.ts';
import { tokenisePreferences, type PreferenceSample } from '../../engine/data/tokenise.ts';
import type { DecodingSettings } from '../../shared/domain/evaluations.ts';
import { generate } from '../../engine/decode/generate.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import type { GuardTargets } from '../../engine/objectives/pair-guard.ts';
import { createRandom } from '../../engine/random.ts';
import type { PreferenceRow } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { progressOf } from '../job-context.ts';
import { guardSlices, tagsById } from './guard-slices.ts';
import type { ObjectiveInputs } from './objective-inputs.ts';

/** One response of the pre-aligned model to every prompt, drawn once by the run's seed and kept in the cache. */
export async function preSampleTargets(
  inputs: ObjectiveInputs,
  samples: readonly PreferenceSample[],
): Promise<GuardTargets> {
  const prompts = samples.map(({ chosen }) => chosen.ids.subarray(0, chosen.from));
  const { seed, batch } = inputs.job.spec;
  const longest = Math.max(...prompts.map((prompt) => prompt.length));
  const decoding = { temperature: 1, maxNewTokens: Math.max(1, batch.maxLength - longest), seed };
  const sequences = await drawPreSamples(inputs, prompts, decoding);
  return {
    sampleIds: samples.map(({ id }) => id),
    sequences,
    pre: await inputs.reference.scores(sequences, 'log-probs of the pre-samples'),
    select: (indices) => [...indices],
  };
}

/** y ~ π_pre behind every prompt. */
export async function drawPreSamples(
  { context, tokenizer, reference }: ObjectiveInputs,
  prompts: readonly Int32Array[],
  decoding: DecodingSettings,
): Promise<CompletionSequence[]> {
  const told = progressOf(context, 'pre-samples');
  const drawn = await reference.drawn(prompts, decoding, async (model) => {
    const signal = {
      get aborted() {
        return context.control.stopping();
      },
    };
    const generations = await generate(
      model,
      tokenizer,
      prompts.map((ids) => [...ids]),
      decoding,
      {
        signal,
        onProgress: told,
        ops: context.ops,
      },
    );
    return generations.map(({ ids }) => Int32Array.from(ids));
  });
  return prompts.map((prompt, i) => {
    const ids = new Int32Array(prompt.length + (drawn[i] as Int32Array).length);
    ids.set(prompt);
    ids.set(drawn[i] as Int32Array, prompt.length);
    return { ids, from: prompt.length };
  });
}

/** The samples of a guard set in turn, as many a step as training has; y_pre is the target, the rejected response its contrast. */
export async function guardSetTargets(inputs: ObjectiveInputs, rowsPath: string): Promise<GuardTargets> {
  const { job, reference, tokenizer } = inputs;
  const rows = (await readJsonLines<PreferenceRow>(rowsPath)).filter(({ kind }) => kind === 'preference');
  const { samples, dropped } = tokenisePreferences(rows, tokenizer, job.spec.batch.maxLength);
  if (dropped.length > 0) {
    const message = `${dropped.length} of ${rows.length} samples of the guard set are too long for batch.maxLength ${job.spec.batch.maxLength} and are not guarded, ${dropped[0] ?? ''} among them.`;
    await inputs.context.emit({ type: 'log', level: 'warning', message });
  }
  if (samples.length === 0) {
    throw new WorkbenchError('bad-input', 'The guard set holds no sample that fits batch.maxLength.', {
      place: { field: 'guard.guardSet' },
    });
  }
  const sequences = samples.map(({ guardTarget, chosen }) => guardTarget ?? chosen);
  const others = samples.map(({ rejected }) => rejected);
  const scores = await reference.scores([...sequences, ...others], 'log-probs of the guard set');
  return {
    sampleIds: samples.map(({ id }) => id),
    sequences,
    pre: scores.slice(0, samples.length),
    others: { sequences: others, pre: scores.slice(samples.length) },
    ...guardSlices(
      inputs,
      samples.map(({ id }) => id),
      tagsById(rows),
    ),
    ...turnsThrough(sequences, job.spec.seed),
  };
}

/** Goes through a guard set in an order of its own, one sample for each training sample, and can be put back in it. */
export function turnsThrough(
  sequences: readonly CompletionSequence[],
  seed: number,
): Required<Pick<GuardTargets, 'select' | 'position' | 'seek'>> {
  const order = new DataOrder(
    { lengths: sequences.map(({ ids }) => ids.length), stepSize: 1, shuffle: true, groupByLength: false },
    createRandom(seed, 'guard set'),
  );
  return {
    select: (indices) => indices.flatMap(() => order.next()),
    position: () => order.position,
    seek: (position) => order.seek(position),
  };
}
