import { tokenisePrompts, type PromptSample } from '../../engine/data/tokenise.ts';
import { matchTarget } from '../../engine/evaluate/scorers.ts';
import type { Answer } from '../../engine/evaluate/answers.ts';
import { lexiconScore } from '../../engine/evaluate/lexicon.ts';
import type { Objective } from '../../engine/objectives/objective.ts';
import { OnlineDpoObjective } from '../../engine/objectives/online-dpo.ts';
import { PolicyGradientObjective } from '../../engine/objectives/policy-gradient.ts';
import { PpoObjective } from '../../engine/objectives/ppo.ts';
import { createRandom, randomInteger } from '../../engine/random.ts';
import { sampleResponses, type RewardFunction, type SampleRollouts } from '../../engine/rollouts/rollouts.ts';
import type { CompletionRow, DatasetRow, PreferenceRow, PromptRow } from '../../shared/domain/datasets.ts';
import { commandText } from '../../shared/domain/programs.ts';
import { WorkbenchError, assertNever } from '../../shared/domain/errors.ts';
import type { OnPolicySpec } from '../../shared/domain/algorithms.ts';
import { dropoutSeeds, keep, type ObjectiveInputs } from './objective-inputs.ts';
import { checkpointingFor } from './memory.ts';
import { openRewardGuard } from './reward-guards.ts';
import { liveReference } from './reference.ts';
import { openRewardModel } from './suites.ts';

/** An algorithm that samples, on the prompts of a dataset; responses that rows may carry serve as the guard's targets. */
export async function openOnPolicy(
  inputs: ObjectiveInputs,
  rows: DatasetRow[],
  spec: OnPolicySpec,
): Promise<Objective> {
  const { context, job, policy, tokenizer } = inputs;
  const prompted = rows.filter((row): row is PromptRow | PreferenceRow | CompletionRow => row.kind !== 'unpaired');
  const room = Math.min(job.spec.batch.maxLength, policy.config.maxPositions - spec.maxNewTokens);
  const samples = await keep(inputs, rows, prompted, tokenisePrompts(prompted, tokenizer, room));
  const reward = await openReward(inputs, spec);
  const common = {
    model: policy,
    reference: await liveReference(inputs),
    samples,
    reward,
    guard: await openRewardGuard(inputs, spec, prompted, samples, reward),
    ops: context.ops,
    sample: sampler(inputs, spec),
    dropoutSeed: dropoutSeeds(job),
    checkpointing: checkpointingFor(job.spec, policy, room + spec.maxNewTokens, context),
  };
  switch (spec.kind) {
    case 'ppo':
      return new PpoObjective({ ...common, spec });
    case 'online-dpo':
      return new OnlineDpoObjective({ ...common, spec });
    case 'rloo':
    case 'grpo':
      return new PolicyGradientObjective({ ...common, spec });
    default:
      return assertNever(spec);
  }
}

/** Every step has a seed of its own, so that a resumed run draws what the uninterrupted one draws. */
function sampler(
  { policy, tokenizer, job, context }: ObjectiveInputs,
  { temperature, maxNewTokens }: OnPolicySpec,
): SampleRollouts {
  return (prompts, step) => {
    const seed = randomInteger(createRandom(job.spec.seed, `rollouts ${step}`), 2 ** 30);
    return sampleResponses(policy, tokenizer, prompts, { temperature, maxNewTokens, seed, ops: context.ops });
  };
}

/** What scores the responses of a step: one number each. */
export async function openReward({ context, job }: ObjectiveInputs, { reward }: OnPolicySpec): Promise<RewardFunction> {
  switch (reward.kind) {
    case 'lexicon': {
      const lexicon = context.lexicon();
      return (_, texts) => Promise.resolve(texts.map((text) => lexiconScore(text, lexicon)));
    }
    case 'verifiable':
      return (samples, texts) => Promise.resolve(texts.map((text, i) => verified(samples[i], text, reward.scorer)));
    case 'command':
      return async (samples, texts) => {
        const answers = texts.map((output, i) => rewarded(samples[i], output, i));
        const outcomes = await context.programs.judge(reward, answers);
        return outcomes.map((outcome, i) => {
          if ('answer' in outcome && outcome.answer.score !== null) return outcome.answer.score;
          const why = 'fault' in outcome ? outcome.fault : `${commandText(reward)} gave no score.`;
          throw new WorkbenchError('unavailable', `The prompt ${samples[i]?.id ?? ''} got no reward: ${why}`, {
            remedy: 'Training needs a number for every response. Fix the program, then resume the run.',
            place: { field: 'algorithm.reward.command' },
          });
        });
      };
    case 'reward-model': {
      if (job.rewardModelPath === undefined) {
        throw new WorkbenchError('bad-input', `the reward model ${reward.model} was not handed to the trainer`, {
          place: { field: 'algorithm.reward.model' },
        });
      }
      const model = await openRewardModel(job.rewardModelPath, context);
      return (samples, texts) =>
        model.rewards(texts.map((output, i) => ({ prompt: (samples[i] as PromptSample).prompt, output })));
    }
    default:
      return assertNever(reward);
  }
}

/** Ids are unique in a batch: a prompt may be drawn twice. */
function rewarded(sample: PromptSample | undefined, output: string, place: number): Answer {
  const { id = '', prompt = '', target } = sample ?? {};
  return { id: `${id}#${place}`, prompt, target, output };
}

/** 1 for a right answer, else 0. */
function verified(sample: PromptSample | undefined, output: string, scorer: 'exact' | 'contains' | 'numeric'): number {
  if (sample?.target === undefined) {
    throw new WorkbenchError('bad-input', `the prompt ${sample?.id ?? ''} has no target to verify an answer with`, {
      remedy: 'Give every row a target, or choose another reward.',
      place: { field: 'dataset.train' },
    });
  }
  return matchTarget(scorer, { prompt: sample.prompt, target: sample.target, output }).score ?? 0;
}
