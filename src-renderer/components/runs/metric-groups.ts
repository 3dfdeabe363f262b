/** Which metrics share a chart. Names are TRL's; what no group knows gets a chart of its own. */
export interface MetricGroup {
  title: string;
  names: string[];
}
const known: MetricGroup[] = [
  { title: 'Loss', names: ['loss', 'loss/align', 'dpo/loss', 'sft/loss', 'reward/loss', 'policy/loss', 'value/loss'] },
  { title: 'Guard', names: ['guard/loss', 'guard/rate', 'guard/firing', 'guard/firing_rate', 'guard/weight'] },
  { title: 'Rewards', names: ['rewards/chosen', 'rewards/rejected', 'rewards/margins', 'reward/mean', 'reward'] },
  { title: 'Preference accuracy', names: ['rewards/accuracies', 'accuracy'] },
  { title: 'Log-probs', names: ['logps/chosen', 'logps/rejected'] },
  { title: 'KL', names: ['kl', 'kl/pre', 'objective/kl'] },
  { title: 'Gradient norm', names: ['grad_norm'] },
  { title: 'Learning rate', names: ['learning_rate', 'lr'] },
];

export function groupMetrics(names: string[]): MetricGroup[] {
  const left = new Set(names);
  const groups = known.flatMap(({ title, names: wanted }) => {
    const present = wanted.filter((name) => left.delete(name));
    return present.length > 0 ? [{ title, names: present }] : [];
  });
  return [...groups, ...[...left].sort().map((name) => ({ title: name, names: [name] }))];
}
