import type { PreferenceSample } from '../../engine/data/tokenise.ts';
import { PairGuard, type GuardTargets } from '../../engine/objectives/pair-guard.ts';
import { createRandom } from '../../engine/random.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import { comparesDistributions } from '../../shared/domain/spec-defaults.ts';
import type { PreferenceRow } from '../../shared/domain/datasets.ts';
import { guardSlices, tagsById } from './guard-slices.ts';
import { guardSetTargets, preSampleTargets } from './guard-targets.ts';
import type { ObjectiveInputs } from './objective-inputs.ts';
import { liveReference } from './reference.ts';

/** The guard of a DPO run; null where the spec has none. `preChosen`: log-probs of the chosen responses before training. */
export async function openPairGuard(
  inputs: ObjectiveInputs,
  beta: number,
  rows: readonly PreferenceRow[],
  samples: readonly PreferenceSample[],
  preChosen: Float32Array,
): Promise<PairGuard | null> {
  const { job, context, policy } = inputs;
  const spec = job.spec.guard;
  if (spec.kind === 'none' || spec.kind === 'flip-hinge') return null;
  const found = await openTargets(inputs, samples, preChosen);
  const ids = samples.map(({ id }) => id);
  const targets = spec.target === 'guard-set' ? found : { ...found, ...guardSlices(inputs, ids, tagsById(rows)) };
  return new PairGuard({
    spec,
    beta,
    model: policy,
    preModel: comparesDistributions(spec.divergence) ? await liveReference(inputs) : null,
    targets,
    random: createRandom(job.spec.seed, 'gate'),
    ops: context.ops,
  });
}

function openTargets(
  inputs: ObjectiveInputs,
  samples: readonly PreferenceSample[],
  preChosen: Float32Array,
): Promise<GuardTargets> {
  const { target } = inputs.job.spec.guard;
  switch (target) {
    case 'chosen':
      return Promise.resolve({
        sampleIds: samples.map(({ id }) => id),
        sequences: samples.map(({ chosen }) => chosen),
        pre: preChosen,
        select: (indices) => [...indices],
      });
    case 'pre-sample':
      return preSampleTargets(inputs, samples);
    case 'guard-set':
      if (inputs.job.guardRowsPath === undefined) {
        throw new WorkbenchError('bad-input', 'the guard set’s rows were not handed to the trainer', {
          place: { field: 'guard.guardSet' },
        });
      }
      return guardSetTargets(inputs, inputs.job.guardRowsPath);
    default:
      return assertNever(target);
  }
}
