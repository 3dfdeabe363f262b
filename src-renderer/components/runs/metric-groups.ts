/** Which metrics share a chart. Names are TRL's; what no group knows gets a chart of its own. */
export interface MetricGroup {
  title: string;
  names: string[];
}
const known: MetricGroup[] = [
  { title: 'Loss', names: ['loss', 'loss/policy', 'loss/value'] },
  {
    title: 'Guard',
    names: [
      'guard/loss',
      'guard/firing_rate',
      'guard/firing_rate/short',
      'guard/firing_rate/medium',
      'guard/firing_rate/long',
      'guard/weight',
    ],
  },
  { title: 'Rewards', names: ['rewards/chosen', 'rewards/rejected', 'rewards/margins'] },
  { title: 'Reward of samples', names: ['objective/scores', 'objective/rlhf_reward', 'objective/non_score_reward'] },
  { title: 'Preference accuracy', names: ['rewards/accuracies'] },
  { title: 'Log-probs', names: ['logps/chosen', 'logps/rejected', 'logps'] },
  { title: 'KL', names: ['kl/pre', 'objective/kl', 'policy/approxkl'] },
  { title: 'Gradient norm', names: ['grad_norm'] },
  { title: 'Learning rate', names: ['learning_rate'] },
];

export function groupMetrics(names: string[]): MetricGroup[] {
  const left = new Set(names);
  const groups = known.flatMap(({ title, names: wanted }) => {
    const present = wanted.filter((name) => left.delete(name));
    return present.length > 0 ? [{ title, names: present }] : [];
  });
  return [...groups, ...[...left].sort().map((name) => ({ title: name, names: [name] }))];
}
