/** Starting points of a run. Model and dataset are filled in with what the workspace has. */
export interface Preset {
  /** The method as everything else names it, and behind a comma what else is to be said. */
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
/** At the rate that is usual for the algorithm. */
const onPolicy = trainOnly.replace('optimizer: {learningRate: 2.0e-5}\n', '');

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
    name: 'DPO + ungated anchor',
    about: 'The same pull on every sample: tells whether the gate helps, or anchoring as such.',
    yaml: (model, dataset) =>
      `${head('dpo-ungated', model, dataset)}algorithm: {kind: dpo, beta: 0.1}
guard: {kind: ungated, target: chosen, weight: 1}
${rest}`,
  },
  {
    name: 'SFT, supervised fine-tuning',
    about: 'Cross-entropy on completions.',
    yaml: (model, dataset) => `${head('sft', model, dataset, 0)}algorithm: {kind: sft}\n${trainOnly}`,
  },
  {
    name: 'Reward model',
    about: 'A scalar head trained on preference pairs.',
    yaml: (model, dataset) => `${head('reward', model, dataset)}algorithm: {kind: reward}\n${trainOnly}`,
  },
  {
    name: 'KTO',
    about: 'Completions with a thumb up or down, without pairs.',
    yaml: (model, dataset) => `${head('kto', model, dataset, 0)}algorithm: {kind: kto, beta: 0.1}\n${trainOnly}`,
  },
  {
    name: 'ORPO',
    about: 'Pairs without a reference model: NLL of the chosen text and an odds ratio.',
    yaml: (model, dataset) => `${head('orpo', model, dataset)}algorithm: {kind: orpo, beta: 0.1}\n${rest}`,
  },
  {
    name: 'SimPO',
    about: 'Pairs without a reference model, by mean log-prob and a margin.',
    yaml: (model, dataset) => `${head('simpo', model, dataset)}algorithm: {kind: simpo, beta: 2, gamma: 0.5}\n${rest}`,
  },
  {
    name: 'Online DPO, lexicon reward',
    about: 'The best and the worst of the present policy’s own answers as pairs.',
    yaml: (model, dataset) =>
      `${head('online-dpo', model, dataset, 0)}algorithm: {kind: online-dpo, reward: {kind: lexicon}, samplesPerPrompt: 4}\n${onPolicy}`,
  },
  {
    name: 'RLOO, lexicon reward',
    about: 'Each sampled answer held against the mean of the others; no value function.',
    yaml: (model, dataset) =>
      `${head('rloo', model, dataset, 0)}algorithm: {kind: rloo, reward: {kind: lexicon}, samplesPerPrompt: 4}\n${onPolicy}`,
  },
  {
    name: 'RLOO + flip hinge',
    about: 'RLOO that holds what the old model gets right in the texts of a guard suite.',
    yaml: (model, dataset) =>
      `${head('rloo-hinge', model, dataset, 0)}algorithm: {kind: rloo, reward: {kind: lexicon}, samplesPerPrompt: 4}
guard: {kind: flip-hinge, suite: guard-texts}
${onPolicy}`,
  },
  {
    name: 'DPO + A-GEM',
    about: 'DPO whose gradient is projected off the guard’s where they conflict.',
    yaml: (model, dataset) =>
      `${head('dpo-agem', model, dataset, 0)}algorithm: {kind: dpo}
guard: {kind: flip-hinge, suite: guard-texts, combine: project}
${onPolicy}`,
  },
  {
    name: 'GRPO, lexicon reward',
    about: 'Each sampled answer held against its group, clipped per token.',
    yaml: (model, dataset) =>
      `${head('grpo', model, dataset, 0)}algorithm: {kind: grpo, reward: {kind: lexicon}, samplesPerPrompt: 8}\n${onPolicy}`,
  },
  {
    name: 'PPO + FlipGuard, lexicon reward',
    about: 'Rollouts scored by the AFINN lexicon.',
    yaml: (model, dataset) =>
      `${head('ppo', model, dataset, 0)}algorithm: {kind: ppo, reward: {kind: lexicon}}
guard: {kind: flipguard, target: pre-sample, weight: 1}
${onPolicy}`,
  },
];

/** A name as a YAML scalar; quoted unless it is plainly a word. */
function quote(text: string): string {
  return /^[A-Za-z][\w-]*$/.test(text) ? text : JSON.stringify(text);
}

/** A preset on what the workspace has, checked with `suites` too: samples that flips can be counted on. */
export function presetSpec(
  preset: Preset,
  start: { model: string; dataset: string; suites: readonly string[] },
): string {
  const suites = start.suites.map(quote);
  return preset
    .yaml(start.model, start.dataset)
    .replace('suites: [held-out-pairs]', `suites: [${[...suites, 'held-out-pairs'].join(', ')}]`)
    .replace(
      'evaluate: {every',
      suites.length === 0 ? 'evaluate: {every' : `evaluate: {suites: [${suites.join(', ')}], every`,
    );
}
