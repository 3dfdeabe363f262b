/** Starting points of a run. Model and dataset are filled in with what the workspace has. */
export interface Preset {
  name: string;
  about: string;
  yaml: (model: string, dataset: string) => string;
}

const head = (name: string, model: string, dataset: string, heldOut = 0.1) => `name: ${name}
model: ${quote(model)}
dataset: {train: ${quote(dataset)}, heldOut: ${heldOut}}
`;
const rest = `tuning: {kind: full}
optimizer: {learningRate: 2.0e-5}
batch: {size: 8, maxLength: 256}
steps: 48
seed: 0
evaluate: {suites: [held-out-pairs], every: 12}
checkpoint: {every: 12}
`;
const trainOnly = rest.replace('suites: [held-out-pairs], ', '');

export const presets: Preset[] = [
  {
    name: 'DPO + FlipGuard',
    about: 'Preference pairs, held to what the old model already did well.',
    yaml: (model, dataset) =>
      `${head('dpo-flipguard', model, dataset)}algorithm: {kind: dpo, beta: 0.1}
guard: {kind: flipguard, target: chosen, weight: 1}
${rest}`,
  },
  {
    name: 'DPO',
    about: 'Plain DPO, the run to compare a guarded one with.',
    yaml: (model, dataset) => `${head('dpo', model, dataset)}algorithm: {kind: dpo, beta: 0.1}\n${rest}`,
  },
  {
    name: 'DPO + NLL (ungated control)',
    about: 'The same pull on every sample: tells whether the gate helps, or anchoring as such.',
    yaml: (model, dataset) =>
      `${head('dpo-ungated', model, dataset)}algorithm: {kind: dpo, beta: 0.1}
guard: {kind: ungated, target: chosen, weight: 1}
${rest}`,
  },
  {
    name: 'Supervised fine-tuning',
    about: 'Cross-entropy on completions.',
    yaml: (model, dataset) => `${head('sft', model, dataset, 0)}algorithm: {kind: sft}\n${trainOnly}`,
  },
  {
    name: 'Reward model',
    about: 'A scalar head trained on preference pairs.',
    yaml: (model, dataset) => `${head('reward', model, dataset)}algorithm: {kind: reward}\n${trainOnly}`,
  },
  {
    name: 'PPO, lexicon reward',
    about: 'Rollouts scored by the AFINN lexicon.',
    yaml: (model, dataset) =>
      `${head('ppo', model, dataset, 0)}algorithm: {kind: ppo, reward: {kind: lexicon}}
guard: {kind: flipguard, target: pre-sample, weight: 1}
${trainOnly}`,
  },
];

/** A name as a YAML scalar; quoted unless it is plainly a word. */
function quote(text: string): string {
  return /^[A-Za-z][\w-]*$/.test(text) ? text : JSON.stringify(text);
}
