import { code, page, table } from './markdown.ts';

interface Metric {
  name: string;
  meaning: string;
}

/** Numbers of one step, by what reports them. Means over the step's samples unless said otherwise. */
const stepMetrics: Record<string, readonly Metric[]> = {
  'Every algorithm': [
    { name: 'loss', meaning: 'what is minimised, the guard’s term included' },
    { name: 'grad_norm', meaning: 'global norm before clipping' },
    { name: 'learning_rate', meaning: 'of this step' },
    { name: 'step_seconds', meaning: 'wall clock' },
    { name: 'tokens_per_second', meaning: 'real tokens (no padding) through the policy' },
  ],
  'DPO and reward models': [
    {
      name: 'rewards/chosen',
      meaning: 'DPO: implicit reward β·(lp(π) − lp(ref)) of the chosen response; reward model: its output',
    },
    { name: 'rewards/rejected', meaning: 'the same of the rejected response' },
    { name: 'rewards/margins', meaning: 'chosen − rejected' },
    { name: 'rewards/accuracies', meaning: 'share of pairs with a margin above 0' },
    { name: 'logps/chosen', meaning: 'log-prob of the chosen response, in nats, summed over its tokens; DPO only' },
    { name: 'logps/rejected', meaning: 'the same of the rejected response' },
    {
      name: 'kl/pre',
      meaning:
        'mean of lp(pre) − lp(π) over both responses: an estimate of KL(pre ‖ π) that is unbiased only where π_pre wrote them; DPO only',
    },
  ],
  SFT: [
    { name: 'logps', meaning: 'log-prob of the completion, in nats, summed over its tokens' },
    { name: 'completion_tokens', meaning: 'tokens the loss was taken on' },
  ],
  PPO: [
    { name: 'objective/scores', meaning: 'reward of the sampled response, without the KL penalty' },
    { name: 'objective/kl', meaning: 'KL estimate to the reference, in nats a response' },
    { name: 'kl/pre', meaning: 'the same number under the name that DPO has: here an estimate of KL(π ‖ pre)' },
    { name: 'objective/non_score_reward', meaning: 'the KL penalty: −weight · KL' },
    { name: 'objective/rlhf_reward', meaning: 'score + penalty' },
    { name: 'response_tokens', meaning: 'tokens of a sampled response' },
    { name: 'loss/policy', meaning: 'clipped policy loss' },
    { name: 'loss/value', meaning: 'clipped value loss' },
    { name: 'policy/clipfrac', meaning: 'share of tokens whose gradient the clipping took, as TRL counts them' },
    { name: 'policy/approxkl', meaning: '½·(lp − lp_old)², between the policy and the one that sampled' },
    { name: 'kl_weight', meaning: 'weight of the KL penalty; moves where it is adaptive' },
  ],
  'The guard': [
    { name: 'guard/loss', meaning: 'mean of I(x)·D(x), before λ' },
    { name: 'guard/firing_rate', meaning: 'share of samples on which the gate fired' },
    {
      name: 'guard/firing_rate/short',
      meaning: 'the same on the third of responses with the fewest tokens; `/medium` and `/long` are the others',
    },
    { name: 'guard/weight', meaning: 'λ' },
    { name: 'guard/fired', meaning: 'per sample: 1 where the gate fired' },
    { name: 'guard/tokens', meaning: 'per sample: tokens of the guarded response' },
  ],
};

/** Numbers beside a sample's verdict and score, by suite. */
const sampleMetrics: Record<string, readonly Metric[]> = {
  pairs: [
    { name: 'logps/chosen', meaning: 'log-prob of the chosen response; the score is the margin' },
    { name: 'logps/rejected', meaning: 'log-prob of the rejected response' },
    { name: 'rewards/chosen', meaning: 'implicit reward, where there is a reference' },
    { name: 'rewards/rejected', meaning: 'implicit reward, where there is a reference' },
  ],
  cloze: [{ name: 'tokens', meaning: 'tokens of the target; the score is its log-prob' }],
  words: [
    { name: 'position', meaning: 'token position of the word’s beginning' },
    { name: 'tokens', meaning: 'tokens of the word; the score is its log-prob' },
  ],
  choice: [
    {
      name: 'acc',
      meaning: '1 where the right option is the likeliest; the score is its lead over the best other one',
    },
    { name: 'acc_norm', meaning: 'the same with log-probs divided by characters' },
    { name: 'logps/gold', meaning: 'log-prob of the right option' },
  ],
  generate: [
    { name: 'tokens', meaning: 'tokens that came out; the score is the scorer’s' },
    { name: 'logps/output', meaning: 'log-prob of the output as it was sampled' },
  ],
};

/** Every name on the page; the test holds it against the names in the engine's sources. */
export const documentedMetrics: readonly string[] = [
  ...Object.values(stepMetrics),
  ...Object.values(sampleMetrics),
].flatMap((metrics) => metrics.map(({ name }) => name));

export function metricsPage(): string {
  return page('Metrics', 'build/docs/metrics-page.ts', [
    'Numbers that runs and evaluations report, under TRL’s names where TRL has one. What comparisons say is explained in [Read the statistics](../how-to/read-the-statistics.md).',
    '## Of a training step',
    'Means over the samples of the step unless said otherwise. The same numbers sample by sample stand in `samples` and `guardSamples` of the step’s event.',
    ...sections(stepMetrics),
    '## Of a sample of a suite',
    'A sample has a verdict (right, wrong, tie or none), a score that grows with goodness, and these. Log-probs are in nats, summed over tokens.',
    ...sections(sampleMetrics),
    '## Of an evaluation',
    table(
      ['Metric', 'Meaning'],
      [
        [code('acc'), 'right / (right + wrong)'],
        [code('score'), 'mean score'],
      ],
    ),
  ]);
}

function sections(groups: Record<string, readonly Metric[]>): string[] {
  return Object.entries(groups).flatMap(([title, metrics]) => [
    `### ${title}`,
    table(
      ['Metric', 'Meaning'],
      metrics.map(({ name, meaning }) => [code(name), meaning]),
    ),
  ]);
}
