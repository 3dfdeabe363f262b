import { beforeAll, describe, expect, test } from 'vitest';
import type { PromptSample } from '../../../src-main/engine/data/tokenise.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import type { Objective } from '../../../src-main/engine/objectives/objective.ts';
import { OnlineDpoObjective } from '../../../src-main/engine/objectives/online-dpo.ts';
import { PolicyGradientObjective } from '../../../src-main/engine/objectives/policy-gradient.ts';
import { runSpecSchema, type RunSpec, type RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGaps,
  largestWeightDifference,
  readTraining,
  sequenceOf,
  type Fingerprint,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Four steps on given responses and scores by TRL 1.13's trainers (test/golden/training/groups.py). */
interface Group {
  prompt: number[];
  responses: { response: number[]; score: number }[];
}
interface Case {
  losses: number[][];
  gradNorms: number[];
  weights: Fingerprint;
}
interface Recorded {
  steps: Group[][];
  cases: Record<string, Case>;
  onlineDpo: Case & { steps: Group[][] };
}
const recorded = readTraining<Recorded>('groups');
const shared = { reward: { kind: 'lexicon' }, temperature: 0.7, maxNewTokens: 10 } as const;
const algorithms: Record<string, RunSpecInput['algorithm']> = {
  rloo: { kind: 'rloo', ...shared, samplesPerPrompt: 3, klWeight: 0.2, clipRange: 0.1, epochs: 2 },
  'rloo, normalised': { kind: 'rloo', ...shared, samplesPerPrompt: 3, klWeight: 0.05, normalizeAdvantages: true },
  grpo: { kind: 'grpo', ...shared, samplesPerPrompt: 3, loss: 'grpo', klWeight: 0.3, clipRange: 0.1, epochs: 2 },
  dapo: { kind: 'grpo', ...shared, samplesPerPrompt: 3, loss: 'dapo', scale: 'batch' },
  'dr-grpo': { kind: 'grpo', ...shared, samplesPerPrompt: 3, loss: 'dr-grpo', klWeight: 0.1, scale: 'none' },
};

beforeAll(async () => {
  await openTestBackend();
});

function specOf(algorithm: RunSpecInput['algorithm'], steps: number): RunSpec {
  return runSpecSchema.parse({
    name: 'groups',
    model: 'm',
    dataset: { train: 'd' },
    algorithm,
    optimizer: { learningRate: 1e-3 },
    batch: { size: 3 },
    steps,
  });
}

/** The recorded responses in place of the policy's own. */
function given(groups: readonly Group[], model: CausalLm, reference: CausalLm) {
  const responsesOf = ({ id }: PromptSample) => groups[Number(id)]!.responses;
  const placed = (prompts: readonly PromptSample[]) =>
    prompts.map((prompt, i) => ({ prompt, at: i - prompts.findIndex(({ id }) => id === prompt.id) }));
  return {
    model,
    reference,
    samples: groups.map(({ prompt }, i) => ({ id: `${i}`, prompt: `${i}`, ids: Int32Array.from(prompt) })),
    sample: (prompts: readonly PromptSample[]) =>
      Promise.resolve(
        placed(prompts).map(({ prompt, at }) => ({
          text: '',
          sequence: sequenceOf([...prompt.ids], responsesOf(prompt)[at]!.response),
        })),
      ),
    reward: (prompts: readonly PromptSample[]) =>
      Promise.resolve(placed(prompts).map(({ prompt, at }) => responsesOf(prompt)[at]!.score)),
    guard: null,
    ops: {},
  };
}

/** Per step, TRL's loss and gradient norm of its epochs as means over them; gaps relative to the largest where that is over 1. */
async function gapsTo(objective: Objective, model: CausalLm, spec: RunSpec, { losses, gradNorms, weights }: Case) {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const epochs = losses[0]!.length;
  const events = await runInOrder(spec, objective);
  const norms = losses.map((_, step) => mean(gradNorms.slice(step * epochs, (step + 1) * epochs)));
  const { loss = NaN, grad_norm: norm = NaN } = largestGaps(
    events,
    losses.map((each, step) => ({ loss: mean(each), grad_norm: norms[step]! })),
  );
  return {
    loss,
    norm,
    weights: largestWeightDifference(model.parameters, weights),
  };
}

async function withModels<T>(use: (model: CausalLm, reference: CausalLm) => Promise<T>): Promise<T> {
  const [model, reference] = [await loadGoldenModel('llama'), await loadGoldenModel('llama')];
  const result = await use(model, reference);
  model.dispose();
  reference.dispose();
  return result;
}

describe('four steps on groups of responses equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const spec = specOf(algorithms[name]!, recorded.steps.length);
    const { algorithm } = spec;
    if (algorithm.kind !== 'rloo' && algorithm.kind !== 'grpo') throw new Error('another algorithm');
    const gaps = await withModels((model, reference) => {
      const objective = new PolicyGradientObjective({
        ...given(recorded.steps.flat(), model, reference),
        spec: algorithm,
      });
      return gapsTo(objective, model, spec, recorded.cases[name]!);
    });
    expect(gaps.loss).toBeLessThan(1e-5);
    expect(gaps.norm).toBeLessThan(1e-4);
    expect(gaps.weights).toBeLessThan(2e-4);
  });

  test('online DPO', async () => {
    const { steps } = recorded.onlineDpo;
    const spec = specOf({ kind: 'online-dpo', ...shared, beta: 0.2, samplesPerPrompt: 2 }, steps.length);
    const { algorithm } = spec;
    if (algorithm.kind !== 'online-dpo') throw new Error('another algorithm');
    const gaps = await withModels((model, reference) => {
      const objective = new OnlineDpoObjective({ ...given(steps.flat(), model, reference), spec: algorithm });
      return gapsTo(objective, model, spec, recorded.onlineDpo);
    });
    expect(gaps.loss).toBeLessThan(1e-5);
    expect(gaps.norm).toBeLessThan(1e-4);
    expect(gaps.weights).toBeLessThan(2e-4);
  });
});

test('beyond a KL limit a step makes no update, or one that is scaled down by as much', async () => {
  const normsUnder = (klLimit: { nats: number; action: 'stop' | 'shrink' } | null) => {
    const spec = specOf({ ...algorithms['rloo, normalised']!, klLimit } as RunSpecInput['algorithm'], 2);
    const { algorithm } = spec;
    if (algorithm.kind !== 'rloo') throw new Error('another algorithm');
    return withModels(async (model, reference) => {
      const objective = new PolicyGradientObjective({
        ...given(recorded.steps.flat(), model, reference),
        spec: algorithm,
      });
      const events = await runInOrder(spec, objective);
      return events.map(({ metrics }) => [metrics.grad_norm, metrics['objective/kl']]);
    });
  };
  const [[first, zero], [second, kl]] = (await normsUnder(null)) as [[number, number], [number, number]];
  // Nothing but rounding: kernels of some processors sum rows of a batch in another order.
  expect(zero).toBeCloseTo(0, 5);
  // The first step starts from the reference, where nothing has moved yet; the update takes the second beyond the limit.
  expect(Math.abs(kl)).toBeGreaterThan(1e-3);
  const nats = kl / 4;
  expect(await normsUnder({ nats, action: 'stop' })).toEqual([
    [expect.closeTo(first, 3), expect.closeTo(0, 5)],
    [undefined, expect.closeTo(kl, 4)],
  ]);
  expect(await normsUnder({ nats, action: 'shrink' })).toEqual([
    [expect.closeTo(first, 3), expect.closeTo(0, 5)],
    [expect.closeTo(second / 4, 2), expect.closeTo(kl, 4)],
  ]);
});
