import { beforeAll, describe, expect, test } from 'vitest';
import { cachedGreedyHits, scorePass } from '../../../src-main/engine/data/score-sequences.ts';
import { heldTokens, leadOf } from '../../../src-main/engine/guard/flip-hinge.ts';
import type { CompletionSequence } from '../../../src-main/engine/losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../../../src-main/engine/losses/token-log-probs.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { FlipHingeObjective } from '../../../src-main/engine/objectives/flip-hinge.ts';
import type { Objective } from '../../../src-main/engine/objectives/objective.ts';
import { SftObjective } from '../../../src-main/engine/objectives/sft.ts';
import { inputTensors } from '../../../src-main/engine/passes.ts';
import type { NumberCache } from '../../../src-main/engine/ports.ts';
import type { GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { guardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import {
  largestDifference,
  randomCompletions,
  Stepper,
  tensorCount,
  tinyModel,
  weightsOf,
} from '../../helpers/training.ts';

beforeAll(async () => {
  await openTestBackend('cpu');
});

const noCache: NumberCache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };
const texts = randomCompletions(6, 11).map(({ sequence }) => sequence);
const hingeSpec = (changes: Partial<GuardSpec> = {}): GuardSpec => ({
  ...guardSpec.parse({ kind: 'flip-hinge', suite: 'texts' }),
  ...changes,
});

function hinged(model: CausalLm, changes: Partial<GuardSpec> = {}, inner?: Objective, turn = 0): FlipHingeObjective {
  const spec = hingeSpec(changes);
  const held = texts.map(({ ids, from }) => Float32Array.from(ids.slice(from), (_, i) => (i % 3 === 0 ? 0 : 1)));
  let next = turn;
  return new FlipHingeObjective(inner ?? new SftObjective({ model, samples: randomCompletions(8), ops: {} }), {
    spec,
    model,
    targets: {
      sampleIds: texts.map((_, i) => `text-${i}`),
      sequences: texts,
      held,
      select: (indices) => indices.map(() => next++ % texts.length),
      position: () => ({ epoch: 0, used: next, random: [] }),
      seek: ({ used }) => (next = used),
    },
    ops: {},
  });
}

/** Texts of which the model chooses two tokens of three itself. */
async function ownTexts(model: CausalLm): Promise<CompletionSequence[]> {
  const own = texts.map(({ ids, from }) => ({ ids: ids.slice(), from }));
  for (const { ids, from } of own) {
    for (let t = from; t < ids.length; t++) {
      if (t % 3 === 0) continue;
      const { greedy } = await scorePass(model, [{ ids: ids.slice(0, t + 1), from: t }], { greedy: true });
      ids[t] = greedy![0]!;
    }
  }
  return own;
}

describe('the tokens that are held', () => {
  test('are those of the old model’s greedy choice', async () => {
    const model = tinyModel(3);
    const own = await ownTexts(model);
    const hits = await cachedGreedyHits(() => Promise.resolve(model), 'm', own, { cache: noCache });
    const layout = layoutFor(model, own, false);
    const batch = batchOf(layout.form, inputTensors(batchInputs(model, layout)));
    const leads = leadOf(model, completionHidden(model, batch), batch.labels).dataSync();
    const expected = [...leads].map((lead) => (lead > 0 ? 1 : 0));
    expect(hits.flatMap((line) => [...line])).toEqual(expected);
    expect(new Set(expected)).toEqual(new Set([0, 1]));
  });

  test('of the controls are all, or as many at random by the seed', () => {
    const right = [Float32Array.of(1, 0, 0, 1, 0), Float32Array.of(0, 0, 1), Float32Array.of(0)];
    const flat = (lines: Float32Array[]) => lines.flatMap((line) => [...line]);
    expect(flat(heldTokens(right, 'old-right', 0))).toEqual([1, 0, 0, 1, 0, 0, 0, 1, 0]);
    expect(flat(heldTokens(right, 'all', 0))).toEqual(new Array(9).fill(1));
    const draws = [0, 1, 2, 3].map((seed) => flat(heldTokens(right, 'random', seed)));
    expect(draws.map((one) => one.filter((held) => held === 1).length)).toEqual([3, 3, 3, 3]);
    expect(new Set(draws.map(String)).size).toBeGreaterThan(1);
    expect(flat(heldTokens(right, 'random', 2))).toEqual(draws[2]);
    expect(heldTokens(right, 'random', 2).map(({ length }) => length)).toEqual([5, 3, 1]);
  });
});

describe('a step under the hinge', () => {
  test('adds λ times the mean hinge of its texts, and says where it pulled', async () => {
    const [plain, model] = [tinyModel(3), tinyModel(3)];
    const a = await new Stepper(new SftObjective({ model: plain, samples: randomCompletions(8), ops: {} })).step([
      0, 1,
    ]);
    const b = await new Stepper(hinged(model, { weight: 2, margin: 0.5 })).step([0, 1]);
    // By hand from the leads of the untrained model: text-0 and text-1, every third token free.
    const before = tinyModel(3);
    const expected = texts.slice(0, 2).map((text) => {
      const layout = layoutFor(before, [text], false);
      const batch = batchOf(layout.form, inputTensors(batchInputs(before, layout)));
      const leads = [...leadOf(before, completionHidden(before, batch), batch.labels).dataSync()];
      const held = leads.filter((_, i) => i % 3 !== 0);
      const sum = held.reduce((total, lead) => total + Math.max(0, 0.5 - lead), 0);
      const near = held.filter((lead) => lead < 0.5).length;
      const flipped = held.filter((lead) => lead < 0).length;
      return { loss: sum / leads.length, held: held.length, near, flipped, tokens: leads.length };
    });
    const column = (name: keyof (typeof expected)[number]) => expected.map((one) => one[name]);
    const total = (name: keyof (typeof expected)[number]) => column(name).reduce((sum, one) => sum + one, 0);
    const metrics = b.tables.guarded?.metrics ?? {};
    expect(b.tables.guarded?.sampleIds).toEqual(['text-0', 'text-1']);
    metrics['guard/loss']?.forEach((loss, i) => expect(loss).toBeCloseTo(expected[i]!.loss, 5));
    expect([
      metrics['guard/held_tokens'],
      metrics['guard/near_tokens'],
      metrics['guard/flipped_tokens'],
      metrics['guard/tokens'],
      metrics['guard/fired'],
    ]).toEqual([column('held'), column('near'), column('flipped'), column('tokens'), [1, 1]]);
    expect(b.metrics['guard/firing_rate']).toBeCloseTo(total('near') / total('held'), 10);
    expect(b.metrics['guard/flipped']).toBeCloseTo(total('flipped') / total('held'), 10);
    expect(b.metrics['guard/loss']).toBeCloseTo(total('loss') / 2, 5);
    expect(b.metrics['loss']).toBeCloseTo((a.metrics['loss'] ?? 0) + total('loss'), 5);
    expect(b.gradNorm).not.toBeCloseTo(a.gradNorm, 3);
  });

  test('without a weight is the step without it, bit for bit, and still says what would fire', async () => {
    const [plain, watched] = [tinyModel(3), tinyModel(3)];
    const a = new Stepper(new SftObjective({ model: plain, samples: randomCompletions(8), ops: {} }));
    const b = new Stepper(hinged(watched, { weight: 0 }));
    for (const batch of [
      [0, 1],
      [2, 3],
    ]) {
      const [free, told] = [await a.step(batch), await b.step(batch)];
      expect(told.metrics['loss']).toBe(free.metrics['loss']);
      expect(told.metrics['guard/firing_rate']).toBeGreaterThan(0);
    }
    expect(largestDifference(weightsOf(plain), weightsOf(watched))).toBe(0);
  });

  test('in parts is the step at once', async () => {
    const [whole, parts] = [tinyModel(3), tinyModel(3)];
    const [one, several] = [new Stepper(hinged(whole, { weight: 1 })), new Stepper(hinged(parts, { weight: 1 }))];
    const [a, b] = [await one.step([0, 1, 2, 3]), await several.step([0, 1, 2, 3], 2)];
    expect(b.metrics['loss']).toBeCloseTo(a.metrics['loss'] ?? Number.NaN, 5);
    expect(b.gradNorm / a.gradNorm).toBeCloseTo(1, 5);
    expect(largestDifference(weightsOf(whole), weightsOf(parts))).toBeLessThan(1e-4);
  });

  test('keeps more of what it holds than the controls at the same weight', async () => {
    const model = tinyModel(3);
    const own = await ownTexts(model);
    const hitsOf = (of: CausalLm) => cachedGreedyHits(() => Promise.resolve(of), 'm', own, { cache: noCache });
    const right = await hitsOf(model);
    const flipped = async (tokens: 'old-right' | 'random', weight: number) => {
      const policy = tinyModel(3);
      const samples = randomCompletions(8);
      const inner = new SftObjective({ model: policy, samples, ops: {} });
      const objective = new FlipHingeObjective(inner, {
        spec: hingeSpec({ weight, tokens }),
        model: policy,
        targets: {
          sampleIds: own.map((_, i) => `text-${i}`),
          sequences: own,
          held: heldTokens(right, tokens, 0),
          select: () => own.map((_, i) => i),
        },
        ops: {},
      });
      const stepper = new Stepper(objective, 0.02);
      for (let i = 0; i < 12; i++) await stepper.step([0, 1, 2, 3]);
      const after = await hitsOf(policy);
      return right.flatMap((line, i) => [...line].filter((held, t) => held === 1 && after[i]![t] === 0)).length;
    };
    const [held, random, free] = [
      await flipped('old-right', 5),
      await flipped('random', 5),
      await flipped('random', 0),
    ];
    expect(free).toBeGreaterThan(0);
    expect(held).toBeLessThan(Math.min(random, free));
  });

  test('joins every update of an algorithm that makes several, and none leaves a tensor behind', async () => {
    const model = tinyModel(3);
    const inner = new SftObjective({ model, samples: randomCompletions(8), ops: {} });
    /** Two updates on the same batch, as PPO has. */
    const twice: Objective = {
      sampleIds: inner.sampleIds,
      lengths: inner.lengths,
      trainable: inner.trainable,
      step: async (batch, apply) => {
        await inner.step(batch, apply);
        return inner.step(batch, apply);
      },
      state: () => ({}),
      restore: () => {},
      dispose: () => inner.dispose(),
    };
    const stepper = new Stepper(hinged(model, { weight: 1 }, twice));
    await stepper.step([0, 1], 1);
    const before = tensorCount();
    await stepper.step([2, 3], 1);
    expect(tensorCount()).toBe(before);
    expect(stepper.optimizer.step).toBe(4);
  });

  test.each(['project', 'agree'] as const)('%s leaves out what conflicts, in parts as at once', async (combine) => {
    const [plain, whole, parts] = [tinyModel(3), tinyModel(3), tinyModel(3)];
    const free = new Stepper(new SftObjective({ model: plain, samples: randomCompletions(8), ops: {} }));
    const [one, several] = [new Stepper(hinged(whole, { combine })), new Stepper(hinged(parts, { combine }))];
    const [a, b, c] = [await free.step([0, 1]), await one.step([0, 1]), await several.step([0, 1], 1)];
    const { 'guard/removed': removed = NaN, 'guard/cosine': cosine = NaN } = b.metrics;
    // The hinge takes part in the gradient alone: the loss is the one of training, whose norm says what was left out.
    expect(b.metrics['loss']).toBe(a.metrics['loss']);
    expect(b.gradNorm ** 2 / a.gradNorm ** 2).toBeCloseTo(1 - removed, 4);
    if (combine === 'project') expect(removed).toBeCloseTo(cosine < 0 ? cosine ** 2 : 0, 4);
    else expect(removed).toBeGreaterThan(0);
    expect(c.metrics['guard/removed']).toBeCloseTo(removed, 4);
    expect(largestDifference(weightsOf(whole), weightsOf(parts))).toBeLessThan(1e-4);
    const before = tensorCount();
    await several.step([2, 3], 1);
    expect(tensorCount()).toBe(before);
  });

  test('goes on after an interruption where it stood: its texts in their turn, its learned weight', async () => {
    const learned = { weight: 1, learnedWeight: { rate: 0.5, target: 0 } };
    const [whole, model] = [tinyModel(3), tinyModel(3)];
    const [one, first] = [new Stepper(hinged(whole, learned)), new Stepper(hinged(model, learned))];
    await one.step([0, 1]);
    await first.step([0, 1]);
    const state = JSON.parse(JSON.stringify(first.objective.state())) as ReturnType<Objective['state']>;
    const again = hinged(model, learned);
    again.restore(state);
    const [a, b] = [await one.step([2, 3]), await new Stepper(again).step([2, 3])];
    expect(b.metrics['guard/weight']).toBe(a.metrics['guard/weight']);
    expect(b.metrics['guard/weight']).toBeGreaterThan(1);
    expect(b.tables.guarded).toEqual(a.tables.guarded);
  });
});
