/**
 * What a step of the algorithms that sample costs, and how much of it is the sampling: `node test/bench/on-policy.ts [--size 260K]
 * [--steps N] [--tokens 48] [--warm 2] [kinds…]`. Processor seconds a step, medians, once with log-probs of the policy from the pass that learns
 * from them and once from a pass of its own, in turn; the first steps, which compile the decoding, are left out.
 */
import { spawnSync } from 'node:child_process';
import os from 'node:os';
import { parseArgs } from 'node:util';
import { nativeOps, openBackend } from '../../src-main/backends/index.ts';
import { loadModel } from '../../src-main/engine/checkpoint/load-model.ts';
import type { Objective } from '../../src-main/engine/objectives/objective.ts';
import { OnlineDpoObjective } from '../../src-main/engine/objectives/online-dpo.ts';
import { PolicyGradientObjective } from '../../src-main/engine/objectives/policy-gradient.ts';
import { PpoObjective } from '../../src-main/engine/objectives/ppo.ts';
import { AdamW } from '../../src-main/engine/optim/adamw.ts';
import { disposeGradients } from '../../src-main/engine/optim/gradients.ts';
import { sampleResponses, type SampleRollouts } from '../../src-main/engine/rollouts/rollouts.ts';
import { loadTokenizer } from '../../src-main/engine/tokenizer/tokenizer.ts';
import { algorithmSpec } from '../../src-main/shared/domain/algorithms.ts';
import { medianOf } from '../../src-main/shared/domain/benchmark.ts';
import { childEnvironment } from '../../src-main/trainer/child-environment.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { findStories15m } from '../helpers/stories15m.ts';
import { stories260k } from '../helpers/trl-golden.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    size: { type: 'string', default: '260K' },
    steps: { type: 'string', default: '8' },
    warm: { type: 'string', default: '2' },
    tokens: { type: 'string', default: '48' },
  },
});
// The numbers are those of a trainer child, so they are taken in its environment.
if (process.env['MALLOC_MMAP_THRESHOLD_'] === undefined) {
  const [, ...args] = process.argv;
  process.exit(spawnSync(process.execPath, args, { stdio: 'inherit', env: childEnvironment() }).status ?? 1);
}
const [promptsPerStep, maxNewTokens] = [8, Number(options.tokens)];
const forms = {
  rloo: { kind: 'rloo', samplesPerPrompt: 4 },
  grpo: { kind: 'grpo', samplesPerPrompt: 4 },
  'grpo, KL in the loss': { kind: 'grpo', samplesPerPrompt: 4, klWeight: 0.04 },
  'online-dpo': { kind: 'online-dpo', samplesPerPrompt: 2 },
  ppo: { kind: 'ppo', epochs: 1 },
};

const backend = await openBackend();
const folder = await folderOf();
console.log(`${backend.name} (${backend.device}), stories${options.size}, ${promptsPerStep} prompts a step`);
for (const [name, form] of Object.entries(forms)) {
  if (positionals.length === 0 || positionals.includes(name)) console.log(await measured(name, form));
}
console.log(`load of the machine: ${os.loadavg()[0]!.toFixed(1)} on ${os.availableParallelism()} threads`);
process.exit(0);

async function measured(name: string, form: object): Promise<string> {
  const sides = [await opened(form, undefined), await opened(form, () => 0)];
  const [steps, warm] = [Number(options.steps), Number(options.warm)];
  const times = sides.map(() => ({ sampling: [] as number[], rest: [] as number[] }));
  for (let step = 1; step <= steps + warm; step++) {
    for (const [i, side] of sides.entries()) {
      const { sampling, rest } = await side.step(step);
      if (step <= warm) continue;
      times[i]!.sampling.push(sampling);
      times[i]!.rest.push(rest);
    }
  }
  for (const side of sides) side.dispose();
  const [usual, apart] = times.map(({ rest }) => medianOf(rest).toFixed(3));
  const sampling = medianOf(times.flatMap((one) => one.sampling)).toFixed(3);
  return `${name.padEnd(22)} sampling ${sampling} processor s/step; the rest ${usual}, and ${apart} with the policy measured apart`;
}

/** A dropout seed has the policy measured in a pass of its own; without an adapter it does nothing else. */
async function opened(form: object, dropoutSeed: (() => number) | undefined) {
  const ops = nativeOps();
  const [model, reference] = [
    await loadModel(openFolder(folder)),
    await loadModel(openFolder(folder), { trainable: false }),
  ];
  const tokenizer = await loadTokenizer(openFolder(folder));
  const spec = algorithmSpec.parse({ reward: { kind: 'lexicon' }, temperature: 1, maxNewTokens, ...form });
  let sampling = 0;
  const sample: SampleRollouts = async (prompts, step) => {
    const before = process.cpuUsage();
    const settings = { temperature: 1, maxNewTokens, seed: step, ops };
    const rollouts = await sampleResponses(model, tokenizer, prompts, settings);
    sampling += processorSeconds(before);
    return rollouts;
  };
  const samples = openings(promptsPerStep * (Number(options.steps) + Number(options.warm))).map((prompt, i) => ({
    id: `${i}`,
    prompt,
    ids: Int32Array.from(tokenizer.encode(prompt)),
  }));
  const reward = (_: unknown, texts: readonly string[]) => Promise.resolve(texts.map((text) => text.length % 7));
  const common = { model, reference, samples, reward, guard: null, ops, sample, dropoutSeed };
  const objective: Objective =
    spec.kind === 'ppo'
      ? new PpoObjective({ ...common, spec })
      : spec.kind === 'online-dpo'
        ? new OnlineDpoObjective({ ...common, spec })
        : spec.kind === 'rloo' || spec.kind === 'grpo'
          ? new PolicyGradientObjective({ ...common, spec })
          : fail();
  const optimizer = new AdamW(objective.trainable, { weightDecay: 0, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 }, ops);
  return {
    async step(step: number) {
      const indices = Array.from({ length: promptsPerStep }, (_, i) => (step - 1) * promptsPerStep + i);
      sampling = 0;
      const before = process.cpuUsage();
      await objective.step({ indices, microBatchSize: promptsPerStep, step }, (gradients) => {
        optimizer.update(gradients, 1e-6);
        disposeGradients(gradients);
        return Promise.resolve();
      });
      return { sampling, rest: processorSeconds(before) - sampling };
    },
    dispose() {
      objective.dispose();
      model.dispose();
      reference.dispose();
    },
  };
}

function fail(): never {
  throw new Error('not an algorithm that samples');
}

function processorSeconds(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

function openings(count: number): string[] {
  const whos = ['a little girl', 'a boy', 'a big dog', 'an old cat', 'a small bird', 'a happy bear'];
  const names = ['Lily', 'Tom', 'Ben', 'Sue', 'Mia'];
  const wheres = ['in the park', 'by the sea', 'at home'];
  return Array.from({ length: count }, (_, i) => {
    const [who, name, where] = [whos[i % 6], names[Math.floor(i / 6) % 5], wheres[Math.floor(i / 30) % 3]];
    return `Once upon a time, there was ${who} named ${name} ${where}.`;
  });
}

async function folderOf(): Promise<string> {
  if (options.size === '260K') return stories260k;
  const stories = await findStories15m();
  if (stories.folder === null) throw new Error(stories.reason);
  return stories.folder;
}
