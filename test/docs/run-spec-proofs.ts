/**
 * Where each row of docs/reference/run-spec.md is proven: a test that compares with a recorded trajectory of another program, or with a
 * value that is worked out by hand. A new key needs a line here; run-spec-proofs.test.ts says which.
 */
export interface Proof {
  /** Below test/. */
  file: string;
  test: string;
  /** In test/assets/training, what the test is run for: file and case. */
  golden?: [file: string, name: string];
  /** What of the file changes the key, where it is not called by the key's own name. */
  by?: string;
}

function golden(file: string, recorded: string, name: string, by?: string): Proof {
  return {
    file: `engine/train/${file}.test.ts`,
    test: '%s',
    golden: [recorded, name],
    ...(by === undefined ? {} : { by }),
  };
}
function hand(file: string, test: string, by?: string): Proof {
  return { file: `${file}.test.ts`, test, ...(by === undefined ? {} : { by }) };
}
const dpo = (name: string, by?: string) => golden('golden-dpo-losses', 'dpo', name, by);
const group = (name: string, by?: string) => golden('golden-groups', 'groups', name, by);
const free = (name: string, by?: string) => golden('golden-reference-free', 'reference-free', name, by);
const guarded = (name: string, by?: string) => golden('golden-flipguard', 'flipguard', name, by);
const ppo = (by?: string) =>
  hand('engine/train/golden-ppo', 'losses, KL, its adaptive weight and every weight equal TRL’s', by);
const online = (by?: string) => hand('engine/train/golden-groups', 'online DPO', by);
const loop = (test: string, by?: string) => hand('engine/train/train-loop', test, by);
const order = (test: string, by?: string) => hand('engine/data/data', test, by);
const hinge = (test: string, by?: string) => hand('engine/guard/flip-hinge', test, by);
const lambda = (test: string) => hand('engine/guard/weights', test);
const settings = (test: string, by?: string) => hand('engine/train/settings-by-hand', test, by);
const reward = (by?: string) => hand('trainer/settings', 'a response is worth what its reward says: %o', by);
const limited = hand(
  'engine/train/golden-groups',
  'beyond a KL limit a step makes no update, or one that is scaled down by as much',
);
const program = (by: string) => hand('trainer/settings', 'a program rewards responses, run in its folder', by);
const suspects = hand(
  'workbench/data/suspects.long',
  '`a spec leaves out rows by id or by the top of a score, and says what it cannot find${withSmallModel}`',
);
const tempered = settings('a temperature divides the logits, and maxNewTokens ends an answer');
const drawn = settings('online DPO draws samplesPerPrompt answers and learns from the best and the worst');

/** By section of the page (its heading without code marks), then by key. */
export const runSpecProofs: Readonly<Record<string, Readonly<Record<string, Proof>>>> = {
  'Top level': {
    name: hand('workbench/workspace/names', 'are taken once', 'freeName'),
    model: hand('workbench/workspace/names', 'mean an id, a name, or the beginning of an id', 'findByName'),
    precision: hand(
      'engine/models/half',
      'keeps to float32 within a hundredth, the adapter’s base in half the memory; products in bf16: %s',
      'bf16',
    ),
    steps: loop('evaluates before, during and after; saves when due and at the end'),
    epochs: order('steps of an epoch count the last, smaller one', 'stepsForEpochs'),
    seed: order('one seed, one order; a saved position goes on with the same batches'),
  },
  dataset: {
    train: hand('engine/data/mixture-order', 'each sample comes as often as its weight says', 'weights'),
    heldOut: hand(
      'trainer/settings',
      'dataset.heldOut takes its share of the rows, and a larger share holds the smaller one',
    ),
    leaveOut: suspects,
  },
  'dataset.leaveOut': { score: suspects, top: suspects },
  'algorithm, kind sft': {
    kind: golden('golden-sft', 'sft', 'completions'),
    completionOnly: order('completion only, or every token; an empty prompt learns every token'),
  },
  'algorithm, kind reward': {
    kind: golden('golden-reward', 'reward', 'full, padded with EOS'),
    centerWeight: golden('golden-reward', 'reward', 'full, padded with a token of its own, centred'),
  },
  'algorithm, kind dpo': {
    kind: dpo('sigmoid'),
    loss: dpo('weighted list'),
    beta: hand('engine/losses/losses', '%s'),
    labelSmoothing: dpo('labelSmoothing'),
    dpop: hand('engine/losses/losses', '%s'),
    nllWeight: dpo('nllWeight'),
  },
  'algorithm, kind kto': {
    kind: golden('golden-kto', 'kto', 'kto'),
    loss: golden('golden-kto', 'kto', 'apo-zero'),
    beta: golden('golden-kto', 'kto', 'kto', "kind: 'kto'"),
    desirableWeight: golden('golden-kto', 'kto', 'kto'),
    undesirableWeight: golden('golden-kto', 'kto', 'kto'),
  },
  'algorithm, kind orpo': { kind: free('orpo'), beta: free('orpo') },
  'algorithm, kind simpo': {
    kind: free('simpo'),
    beta: free('simpo with smoothing'),
    gamma: free('simpo with smoothing'),
    labelSmoothing: free('simpo with smoothing'),
    nllWeight: settings('SimPO adds nllWeight times the mean NLL of the chosen response'),
  },
  'algorithm, kind ppo': {
    kind: ppo(),
    epochs: ppo(),
    clipRange: ppo(),
    valueClipRange: ppo(),
    valueWeight: ppo(),
    gamma: ppo(),
    lambda: ppo(),
    maxNewTokens: tempered,
    temperature: tempered,
  },
  'algorithm.kl': { weight: ppo(), adaptiveTarget: ppo(), horizon: ppo() },
  'algorithm.reward, kind reward-model': {
    kind: hand('trainer/entry.long', '%s learns pairs, scores them, and rewards PPO'),
    model: hand('trainer/entry.long', '%s learns pairs, scores them, and rewards PPO'),
  },
  'algorithm.reward, kind lexicon': { kind: reward(), lexicon: reward() },
  'algorithm.reward, kind command': {
    kind: program('command'),
    command: program('command'),
    folder: program('folder'),
    timeoutSeconds: hand('system/line-program', 'a wrong line, an end and a silence cost the line at fault alone'),
    batch: hand('system/line-program', 'a program is started once and answers in order, its stderr shown'),
  },
  'algorithm.reward, kind verifiable': { kind: reward('verifiable'), scorer: reward() },
  'algorithm.klLimit': { nats: limited, action: limited },
  'algorithm, kind online-dpo': {
    kind: online(),
    maxNewTokens: tempered,
    temperature: tempered,
    loss: settings('online DPO with the loss %s and β %f begins at %f'),
    beta: settings('online DPO with the loss %s and β %f begins at %f'),
    samplesPerPrompt: drawn,
    klLimit: limited,
  },
  'algorithm, kind rloo': {
    kind: group('rloo'),
    maxNewTokens: tempered,
    temperature: group('rloo'),
    samplesPerPrompt: group('rloo'),
    epochs: group('rloo'),
    clipRange: group('rloo'),
    klWeight: group('rloo'),
    normalizeAdvantages: group('rloo, normalised'),
    klLimit: limited,
  },
  'algorithm, kind grpo': {
    kind: group('grpo'),
    maxNewTokens: tempered,
    temperature: group('grpo'),
    samplesPerPrompt: group('grpo'),
    loss: group('dr-grpo'),
    scale: group('dapo'),
    epochs: group('grpo'),
    clipRange: group('grpo'),
    klWeight: group('grpo'),
    klLimit: limited,
  },
  guard: {
    kind: guarded('ungated'),
    target: hand('engine/train/ppo', 'fires where the pre-aligned response was worth more, and pulls towards it'),
    guardSet: hand(
      'trainer/guard-set.long',
      'holds samples that it does not train on, and says which rows it read',
      'guard-set',
    ),
    gate: hand('engine/guard/guard', 'sequence, with ε in units of the implicit reward'),
    divergence: guarded('masked kl', 'guard'),
    reduction: hand('engine/guard/guard', 'token mean is the sum divided by the response’s tokens'),
    reward: hand(
      'engine/train/implicit-guard',
      'fires on nothing while the policy is the old model, and the step is the unguarded one',
    ),
    epsilon: guarded('per-token, epsilon', 'guard'),
    weight: guarded('weight 0', 'guard'),
    learnedWeight: guarded('learned weight'),
    randomRate: guarded('random'),
    suite: hand(
      'trainer/flip-hinge.long',
      'reads every kind of suite that has answers, each text in its turn, and says what it holds',
    ),
    tokens: hinge('of the controls are all, or as many at random by the seed'),
    margin: hand(
      'engine/guard/flip-hinge-lead',
      'has a hinge that is 0 at the margin, and on tokens that are not held',
    ),
    combine: hand('engine/train/guard-combining', '%s: is projected off, or has to agree, as by hand'),
  },
  'guard.learnedWeight': {
    rate: lambda('follows the firing rate and never turns negative'),
    target: lambda('follows the firing rate and never turns negative'),
    of: lambda('follows the amount of the fall, which may pass 1'),
    per: lambda(
      'rises where a slice falls by more than the target, sinks where by less, and waits where the step has none of it',
    ),
  },
  'tuning, kind full': { kind: golden('golden-sft', 'sft', 'completions', 'adapter') },
  'tuning, kind lora': {
    kind: golden('golden-sft', 'sft', 'adapter', 'lora'),
    rank: golden('golden-sft', 'sft', 'adapter'),
    alpha: golden('golden-sft', 'sft', 'adapter'),
    dropout: hand('engine/checkpoint/adapters', 'drops inputs while training only, the same for the same seed'),
    targets: golden('golden-reward', 'reward', 'adapter'),
  },
  optimizer: {
    kind: hand('engine/optim/optim', 'equals the textbook update; decay leaves vectors alone', 'AdamW'),
    learningRate: hand('engine/optim/optim', 'schedules equal transformers’ get_scheduler'),
    weightDecay: hand('engine/optim/optim', 'equals the textbook update; decay leaves vectors alone'),
    beta1: hand('engine/optim/optim', 'equals the textbook update; decay leaves vectors alone'),
    beta2: hand('engine/optim/optim', 'equals the textbook update; decay leaves vectors alone'),
    epsilon: hand('engine/optim/optim', 'equals the textbook update; decay leaves vectors alone'),
    schedule: dpo('accumulated, clipped, decayed, cosine'),
    warmupSteps: dpo('accumulated, clipped, decayed, cosine'),
    maxGradNorm: dpo('accumulated, clipped, decayed, cosine'),
  },
  memory: { checkpointing: hand('engine/models/gradients', '%s') },
  batch: {
    size: dpo('accumulated, clipped, decayed, cosine'),
    accumulation: dpo('accumulated, clipped, decayed, cosine'),
    maxLength: order('a long sequence keeps its start; a prompt that fills it drops the row'),
    shuffle: order('without shuffling it is the file’s order'),
    groupByLength: order('grouping puts like lengths together and keeps every sample'),
  },
  evaluate: {
    suites: loop('evaluates before, during and after; saves when due and at the end', 'evaluate'),
    every: loop('evaluates before, during and after; saves when due and at the end'),
    kl: hand(
      'workbench/studies/run-curves.long',
      '`the floor, the KL and the curves of two runs are those of what the trainer wrote${withSmallModel}`',
    ),
  },
  checkpoint: {
    every: loop('evaluates before, during and after; saves when due and at the end'),
    keep: hand('trainer/settings', 'checkpoint.keep leaves all checkpoints, the last, or so many of the newest'),
  },
  limits: {
    alerts: hand(
      'workbench/following/alerts',
      'a rule is told once while it holds, and again only after it held no more; a start in between changes nothing',
    ),
    maxNfr: loop('stops at the bound, not at the rate'),
    action: loop('saves and goes on'),
  },
};
