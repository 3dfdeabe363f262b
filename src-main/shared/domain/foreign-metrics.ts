import type { Metric } from './metrics.ts';

const foreign = { source: 'Other trainers', perStep: true, perSample: null } as const;
/** TRL’s names beyond ours, as runs that were trained elsewhere bring them. */
export const foreignMetrics: Readonly<Record<string, Metric>> = {
  entropy: { ...foreign, unit: 'nats', better: null, meaning: 'mean entropy of the policy’s next-token distribution' },
  mean_token_accuracy: {
    ...foreign,
    unit: 'share',
    better: 'higher',
    meaning: 'share of tokens that were the likeliest',
  },
  num_tokens: { ...foreign, unit: 'tokens', better: null, meaning: 'tokens trained on so far' },
  'logits/chosen': { ...foreign, unit: '', better: null, meaning: 'mean logit over the chosen responses' },
  'logits/rejected': { ...foreign, unit: '', better: null, meaning: 'mean logit over the rejected responses' },
  kl: {
    ...foreign,
    chart: 'KL',
    unit: 'nats',
    better: 'lower',
    meaning: 'mean KL estimate to the reference, per token',
  },
  reward: {
    ...foreign,
    chart: 'Reward of samples',
    unit: 'reward',
    better: 'higher',
    meaning: 'mean reward of the sampled responses',
  },
  reward_std: {
    ...foreign,
    chart: 'Reward of samples',
    unit: 'reward',
    better: null,
    meaning: 'standard deviation of the rewards within a group',
  },
  frac_reward_zero_std: {
    ...foreign,
    unit: 'share',
    better: 'lower',
    meaning: 'share of groups whose rewards are all equal',
  },
  'completions/mean_length': { ...foreign, unit: 'tokens', better: null, meaning: 'mean tokens of a sampled response' },
  train_loss: { ...foreign, unit: '', better: 'lower', meaning: 'mean loss over the whole training' },
};
