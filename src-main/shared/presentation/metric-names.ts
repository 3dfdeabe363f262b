import { metricOf } from '../domain/metrics.ts';
import type { MetricName } from '../domain/metrics.ts';

/** Curves and columns of samples by the name that titles, legends and the log have for them; the registry's own name is what exports and rules take. */
const labels: Readonly<Record<MetricName, string>> = {
  loss: 'Loss',
  grad_norm: 'Gradient norm',
  learning_rate: 'Learning rate',
  step_seconds: 'Time per step',
  processor_seconds: 'Processor time per step',
  tokens_per_second: 'Tokens per second',
  'rewards/chosen': 'Reward of chosen',
  'rewards/rejected': 'Reward of rejected',
  'rewards/margins': 'Reward margin',
  'rewards/accuracies': 'Preference accuracy',
  'logps/chosen': 'Log-prob of chosen',
  'logps/rejected': 'Log-prob of rejected',
  'kl/pre': 'KL to the old model',
  rewards: 'Reward of completions',
  kl: 'KL of mismatched completions (z₀)',
  nll_loss: 'NLL loss',
  log_odds_chosen: 'Log-odds of chosen',
  logps: 'Log-prob of completions',
  completion_tokens: 'Completion tokens',
  'objective/scores': 'Reward without penalty',
  'objective/kl': 'KL to the reference',
  'objective/non_score_reward': 'KL penalty',
  'objective/rlhf_reward': 'Reward with penalty',
  response_tokens: 'Response tokens',
  reward_std: 'Spread of rewards per prompt',
  'pairs/tied': 'Tied prompts',
  'loss/policy': 'Policy loss',
  'loss/value': 'Value loss',
  'policy/clipfrac': 'Clipped tokens',
  'policy/approxkl': 'KL to the sampling policy',
  kl_weight: 'Weight of the KL penalty',
  'guard/loss': 'Guard loss',
  'guard/firing_rate': 'Gate fired',
  'guard/firing_rate/short': 'Gate fired, short responses',
  'guard/firing_rate/medium': 'Gate fired, medium responses',
  'guard/firing_rate/long': 'Gate fired, long responses',
  'guard/excess': 'Fall beyond ε',
  'guard/flipped': 'Guarded tokens flipped',
  'guard/cosine': 'Cosine of the two gradients',
  'guard/removed': 'Gradient removed',
  'guard/weight': 'Guard weight λ',
  'guard/fired': 'Gate fired',
  'guard/tokens': 'Tokens guarded',
  'guard/held_tokens': 'Tokens held',
  'guard/near_tokens': 'Tokens below the margin',
  'guard/flipped_tokens': 'Tokens flipped',
};

const onEvaluation = 'eval_';
const ofSlices: readonly (readonly [start: string, label: string])[] = [
  ['guard/weight/', 'λ of'],
  ['guard/fired/', 'Gate fired in'],
  ['guard/excess/', 'Fall beyond ε in'],
];

/** `rewards/chosen` → Reward of chosen. A name that nobody registered is its own label. */
export function metricLabel(name: string): string {
  if (Object.hasOwn(labels, name)) return labels[name as MetricName];
  const sliced = ofSlices.find(([start]) => name.startsWith(start));
  if (sliced !== undefined) return `${sliced[1]} “${name.slice(sliced[0].length)}”`;
  if (!name.startsWith(onEvaluation)) return name;
  const known = name.slice(onEvaluation.length);
  return Object.hasOwn(labels, known) ? `${metricLabel(known)}, evaluation data` : name;
}

/** The same with the unit, for the title of a chart that shows nothing else. */
export function metricTitle(name: string): string {
  const unit = metricOf(name)?.unit ?? '';
  const label = metricLabel(name);
  return ['', 'reward', 'share', 'tokens', 'tokens per second'].includes(unit) ? label : `${label}, ${unit}`;
}
