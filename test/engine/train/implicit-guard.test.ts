import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, test } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { completionLength } from '../../../src-main/engine/losses/layout.ts';
import {
  batchInputs,
  batchOf,
  completionLogProbs,
  layoutFor,
} from '../../../src-main/engine/losses/token-log-probs.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { ImplicitRewardGuard } from '../../../src-main/engine/objectives/implicit-guard.ts';
import { OnlineDpoObjective } from '../../../src-main/engine/objectives/online-dpo.ts';
import { PairGuard } from '../../../src-main/engine/objectives/pair-guard.ts';
import { Passes, type PassTensors } from '../../../src-main/engine/passes.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { PolicyGradientObjective } from '../../../src-main/engine/objectives/policy-gradient.ts';
import { impliedBetaOf, onlineDpoSpec, rlooSpec } from '../../../src-main/shared/domain/algorithms.ts';
import type { GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { guardWith, randomPairs, tinyModel } from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

const pairs = randomPairs(6);
const all = pairs.map((_, i) => i);
const targets = pairs.map(({ chosen }) => chosen);
const beta = 0.3;

/** Online DPO whose answers are given, and a guard on other responses to the same prompts. */
async function onlineDpo(
  model: CausalLm,
  old: CausalLm,
  guard: Partial<GuardSpec> | null,
): Promise<OnlineDpoObjective> {
  const pre = await scoreSequences(old, targets);
  const own = {
    sampleIds: pairs.map(({ id }) => id),
    sequences: targets,
    pre,
    select: (indices: readonly number[]) => [...indices],
  };
  const spec = guardWith({ reward: 'implicit', target: 'pre-sample', ...guard });
  const random = createRandom(0, 'gate');
  const pairGuard = new PairGuard({ spec, beta, model, preModel: old, targets: own, random, ops: {} });
  return new OnlineDpoObjective({
    model,
    reference: old,
    samples: pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) })),
    reward: (_, texts) => Promise.resolve(texts.map((text) => (text === '+' ? 1 : 0))),
    spec: onlineDpoSpec.parse({ kind: 'online-dpo', reward: { kind: 'lexicon' }, samplesPerPrompt: 2, beta }),
    guard: guard === null ? null : new ImplicitRewardGuard(pairGuard),
    ops: {},
    sample: (asked) =>
      Promise.resolve(
        asked.map(({ id }, i) => {
          const { chosen, rejected } = pairs.find((pair) => pair.id === id)!;
          return i % 2 === 0 ? { sequence: rejected, text: '+' } : { sequence: chosen, text: '-' };
        }),
      ),
  });
}

async function stepOf(objective: OnlineDpoObjective, microBatchSize: number) {
  let gradients = new Map<string, Float32Array>();
  const outcome = await objective.step({ indices: all, microBatchSize, step: 1 }, (sum) => {
    gradients = new Map([...sum].map(([name, tensor]) => [name, tensor.dataSync().slice() as Float32Array]));
    return Promise.resolve();
  });
  return { ...outcome, gradients };
}

/** Gradients of Σ weight·CE, the cross-entropy a token mean. */
async function pullOf(model: CausalLm, weights: readonly number[]) {
  const layout = layoutFor(model, targets, false);
  const scale = Float32Array.from(targets, (target, i) => -(weights[i] as number) / completionLength(target));
  const build = (tensors: PassTensors) => {
    const { sums } = completionLogProbs(model, batchOf(layout.form, tensors));
    return { told: sums, loss: tf.sum(tf.mul(sums, tensors['scale']!)) as tf.Scalar };
  };
  const task = { key: 'pull', inputs: { ...batchInputs(model, layout), scale }, build };
  const { sum } = await new Passes({}).gradients(task, model.trainable, null);
  return new Map([...sum.gradients].map(([name, tensor]) => [name, tensor.dataSync() as Float32Array]));
}

describe('FlipGuard on implicit rewards next to online DPO', () => {
  test('fires on nothing while the policy is the old model, and the step is the unguarded one', async () => {
    const [plain, guarded] = [
      await stepOf(await onlineDpo(tinyModel(1), tinyModel(1), null), 6),
      await stepOf(await onlineDpo(tinyModel(1), tinyModel(1), {}), 6),
    ];
    expect(guarded.tables.guarded?.metrics['guard/fired']).toEqual([0, 0, 0, 0, 0, 0]);
    expect(guarded.gradients).toEqual(plain.gradients);
  });

  test.each([
    { divergence: 'ce', epsilon: 0.1, weight: 2 },
    { divergence: 'fall', epsilon: 0.1, weight: 2 },
    { divergence: 'fall', epsilon: 0.1, weight: 2, kind: 'ungated' },
  ] as const)('fires where β·(lp(pre) − lp(π)) > ε, and pulls there by λ/n: %o', async (guard) => {
    const [policy, old] = [tinyModel(2), tinyModel(1)];
    const plain = await stepOf(await onlineDpo(tinyModel(2), old, null), 6);
    const guarded = await stepOf(await onlineDpo(policy, old, guard), 4);
    const [now, before] = [await scoreSequences(tinyModel(2), targets), await scoreSequences(old, targets)];
    const fall = Array.from(before, (nats, i) => beta * (nats - (now[i] as number)));
    const fired = fall.map((value) => ('kind' in guard || value > guard.epsilon ? 1 : 0));
    expect(new Set(fall.map((value) => value > guard.epsilon))).toEqual(new Set([true, false]));
    expect(guarded.tables.guarded?.metrics['guard/fired']).toEqual(fired);
    const tokens = targets.map(completionLength);
    const divergence = (i: number) =>
      guard.divergence === 'fall' ? fall[i]! - guard.epsilon : -(now[i] as number) / tokens[i]!;
    const losses = fired.map((gate, i) => gate * divergence(i));
    losses.forEach((loss, i) => expect(guarded.tables.guarded?.metrics['guard/loss']?.[i]).toBeCloseTo(loss, 3));
    const mean = losses.reduce((sum, loss) => sum + loss, 0) / 6;
    expect(guarded.metrics.loss! - plain.metrics.loss!).toBeCloseTo(guard.weight * mean, 3);
    // The fall's gradient is β times that of the sum of the cross-entropy.
    const share = (i: number) => (guard.divergence === 'fall' ? beta * tokens[i]! : 1);
    const pull = await pullOf(
      tinyModel(2),
      fired.map((gate, i) => (gate * share(i) * guard.weight) / 6),
    );
    for (const [name, values] of pull) {
      values.forEach((value, i) => {
        const seen = guarded.gradients.get(name)![i]! - plain.gradients.get(name)![i]!;
        expect(seen).toBeCloseTo(value, 3);
      });
    }
  });
});

describe('FlipGuard on implicit rewards next to RLOO, whose KL has the weight β', () => {
  test('pulls at each of the step’s updates, and tells of what the last one saw', async () => {
    const [model, old] = [tinyModel(2), tinyModel(1)];
    const spec = rlooSpec.parse({
      kind: 'rloo',
      reward: { kind: 'lexicon' },
      samplesPerPrompt: 2,
      epochs: 2,
      klWeight: beta,
    });
    const own = {
      sampleIds: pairs.map(({ id }) => id),
      sequences: targets,
      pre: await scoreSequences(old, targets),
      select: (indices: readonly number[]) => [...indices],
    };
    const guard = guardWith({ reward: 'implicit', target: 'pre-sample', epsilon: 0.1 });
    const random = createRandom(0, 'gate');
    const options = { beta: impliedBetaOf(spec), model, preModel: null, targets: own, random, ops: {} };
    const objective = new PolicyGradientObjective({
      model,
      reference: old,
      samples: pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) })),
      reward: (_, texts) => Promise.resolve(texts.map((text) => (text === '+' ? 1 : 0))),
      spec,
      guard: new ImplicitRewardGuard(new PairGuard({ spec: guard, ...options })),
      ops: {},
      sample: (asked) =>
        Promise.resolve(
          asked.map(({ id }, i) => {
            const { chosen, rejected } = pairs.find((pair) => pair.id === id)!;
            return i % 2 === 0 ? { sequence: rejected, text: '+' } : { sequence: chosen, text: '-' };
          }),
        ),
    });
    let updates = 0;
    const { tables } = await objective.step({ indices: all, microBatchSize: 4, step: 1 }, (sum) => {
      updates += 1;
      tf.dispose([...sum.values()]);
      return Promise.resolve();
    });
    const [now, before] = [await scoreSequences(tinyModel(2), targets), await scoreSequences(old, targets)];
    const fired = Array.from(before, (nats, i) => (beta * (nats - (now[i] as number)) > 0.1 ? 1 : 0));
    expect([updates, tables.guarded?.sampleIds]).toEqual([2, pairs.map(({ id }) => id)]);
    expect(tables.guarded?.metrics['guard/fired']).toEqual(fired);
  });
});
