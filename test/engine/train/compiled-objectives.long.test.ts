import { beforeAll, describe, expect, test } from 'vitest';
import { nativeOps, openBackend } from '../../../src-main/backends/index.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import type { CausalLm } from '../../../src-main/engine/models/causal-lm.ts';
import { addAdapter } from '../../../src-main/engine/models/lora.ts';
import { DpoObjective } from '../../../src-main/engine/objectives/dpo.ts';
import { FlipHingeObjective } from '../../../src-main/engine/objectives/flip-hinge.ts';
import type { Objective } from '../../../src-main/engine/objectives/objective.ts';
import { KtoObjective } from '../../../src-main/engine/objectives/kto.ts';
import { OnlineDpoObjective } from '../../../src-main/engine/objectives/online-dpo.ts';
import { PairGuard } from '../../../src-main/engine/objectives/pair-guard.ts';
import { PolicyGradientObjective } from '../../../src-main/engine/objectives/policy-gradient.ts';
import { PpoObjective } from '../../../src-main/engine/objectives/ppo.ts';
import { ReferenceFreeObjective } from '../../../src-main/engine/objectives/reference-free.ts';
import { RewardGuard } from '../../../src-main/engine/objectives/reward-guard.ts';
import { RewardObjective } from '../../../src-main/engine/objectives/reward.ts';
import { SftObjective } from '../../../src-main/engine/objectives/sft.ts';
import type { NativeOps } from '../../../src-main/engine/ports.ts';
import { createRandom } from '../../../src-main/engine/random.ts';
import { toRewardModel } from '../../../src-main/engine/reward-model.ts';
import {
  algorithmSpec,
  dpoLossNames,
  ktoSpec,
  orpoSpec,
  ppoSpec,
  simpoSpec,
  type DpoSpec,
} from '../../../src-main/shared/domain/algorithms.ts';
import { guardSpec, type GuardSpec } from '../../../src-main/shared/domain/run-spec.ts';
import { nativeMissing } from '../../backends/native-available.ts';
import {
  guardWith,
  largestDifference,
  plainDpo,
  randomCompletions,
  randomPairs,
  Stepper,
  tinyModel,
  weightsOf,
} from '../../helpers/training.ts';

const pairs = randomPairs(12);
/** Of like lengths, so that the second batch runs what the first one traced. */
const batches = [
  [0, 1, 2, 3],
  [4, 5, 6, 7],
  [8, 9, 10, 11],
];

describe.skipIf(nativeMissing !== undefined)('compiled steps are the eager ones', () => {
  beforeAll(async () => {
    await openBackend({ prefer: 'tensorflow-cpu' });
  });

  async function dpo(ops: NativeOps, loss: Partial<DpoSpec> = {}, guard?: Partial<GuardSpec>, lora = false) {
    const [plain, preModel] = [tinyModel(), tinyModel()];
    const adapter = { rank: 2, alpha: 4, dropout: 0.3, targets: ['all-linear'] };
    const model = lora ? addAdapter(plain, adapter, createRandom(0, 'adapter')) : plain;
    const score = (which: 'chosen' | 'rejected') =>
      scoreSequences(
        preModel,
        pairs.map((pair) => pair[which]),
        { ops },
      );
    const reference = { chosen: await score('chosen'), rejected: await score('rejected') };
    const spec = guard === undefined ? null : guardWith(guard);
    const sequences = pairs.map((pair) => (spec?.target === 'pre-sample' ? pair.rejected : pair.chosen));
    const targets = {
      sampleIds: pairs.map(({ id }) => id),
      sequences,
      // Some have fallen behind, some have not.
      pre: (spec?.target === 'pre-sample' ? reference.rejected : reference.chosen).map((x, i) => x + (i % 2) - 0.5),
      select: (indices: readonly number[]) => [...indices],
    };
    const random = createRandom(0, 'gate');
    return new DpoObjective({
      model,
      samples: pairs,
      reference,
      spec: { ...plainDpo, ...loss },
      guard: spec === null ? null : new PairGuard({ spec, beta: 0.1, model, preModel, targets, random, ops }),
      ops,
      dropoutSeed: lora ? (step, first) => 100 * step + first : undefined,
    });
  }

  function ppo(ops: NativeOps, guard?: Partial<GuardSpec>): Objective {
    const [model, preModel] = [tinyModel(), tinyModel()];
    const prompts = pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) }));
    const targets = {
      sampleIds: prompts.map(({ id }) => id),
      prompts,
      sequences: pairs.map(({ chosen }) => chosen),
      rewards: pairs.map((_, i) => (i % 2 === 0 ? 9 : -9)),
      ownPrompts: true,
      select: (indices: readonly number[]) => [...indices],
    };
    const random = createRandom(0, 'gate');
    const spec = guard === undefined ? null : guardWith(guard);
    return new PpoObjective({
      model,
      reference: preModel,
      samples: prompts,
      reward: (_, texts) => Promise.resolve(texts.map((text) => Number(text.split('-')[1]) % 3)),
      spec: ppoSpec.parse({ kind: 'ppo', reward: { kind: 'lexicon' }, epochs: 2, temperature: 0.7 }),
      guard: spec === null ? null : new RewardGuard({ spec, draws: 1, model, preModel, targets, random, ops }),
      ops,
      // The answers are given, so that both runs learn from the same ones.
      sample: (asked) =>
        Promise.resolve(
          asked.map((prompt) => {
            const { rejected } = pairs.find(({ id }) => id === prompt.id)!;
            return { sequence: rejected, text: prompt.id };
          }),
        ),
    });
  }

  /** Two responses to each prompt: the recorded ones in turn. */
  function onGroups(ops: NativeOps, algorithm: Record<string, unknown>, guard?: Partial<GuardSpec>): Objective {
    const [model, preModel] = [tinyModel(), tinyModel()];
    const prompts = pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) }));
    const targets = {
      sampleIds: prompts.map(({ id }) => id),
      prompts,
      sequences: pairs.map(({ chosen }) => chosen),
      rewards: pairs.map((_, i) => (i % 2 === 0 ? 9 : -9)),
      ownPrompts: true,
      select: (indices: readonly number[]) => [...indices],
    };
    const spec = guard === undefined ? null : guardWith(guard);
    const random = createRandom(0, 'gate');
    const common = {
      model,
      reference: preModel,
      samples: prompts,
      reward: (_: unknown, texts: readonly string[]) =>
        Promise.resolve(texts.map((text) => (text.length % 3) + (text.startsWith('+') ? 3 : 0))),
      guard: spec === null ? null : new RewardGuard({ spec, draws: 2, model, preModel, targets, random, ops }),
      ops,
      sample: (asked: readonly { id: string }[]) =>
        Promise.resolve(
          asked.map(({ id }, i) => {
            const pair = pairs.find((one) => one.id === id)!;
            const sequence = i % 2 === 0 ? pair.chosen : pair.rejected;
            return { sequence, text: (i % 2 === 0 ? '+' : '-').repeat(sequence.ids.length) };
          }),
        ),
    };
    const shared = { reward: { kind: 'lexicon' }, samplesPerPrompt: 2, temperature: 0.7 };
    const parsed = algorithmSpec.parse({ ...shared, ...algorithm });
    if (parsed.kind === 'online-dpo') return new OnlineDpoObjective({ ...common, spec: parsed });
    if (parsed.kind === 'rloo' || parsed.kind === 'grpo') {
      return new PolicyGradientObjective({ ...common, spec: parsed });
    }
    throw new Error('no groups');
  }

  async function kto(ops: NativeOps): Promise<Objective> {
    const model = tinyModel();
    const samples = pairs.map(({ id, chosen, rejected }, i) => ({
      id,
      sequence: chosen,
      desirable: i % 3 !== 0,
      mismatched: rejected,
    }));
    const score = (pick: 'sequence' | 'mismatched') =>
      scoreSequences(
        tinyModel(2),
        samples.map((sample) => sample[pick]),
        { ops },
      );
    const reference = { completions: await score('sequence'), mismatched: await score('mismatched') };
    return new KtoObjective({ model, samples, reference, spec: ktoSpec.parse({ kind: 'kto' }), ops });
  }

  function underHinge(inner: Objective, model: CausalLm, ops: NativeOps): Objective {
    const sequences = pairs.map(({ rejected }) => rejected);
    const held = sequences.map(({ ids, from }) => Float32Array.from(ids.slice(from), (_, i) => Number(i % 3 !== 0)));
    const targets = {
      sampleIds: pairs.map(({ id }) => id),
      sequences,
      held,
      select: (indices: readonly number[]) => [...indices],
    };
    const spec = guardSpec.parse({ kind: 'flip-hinge', suite: 'texts', weight: 0.5 });
    return new FlipHingeObjective(inner, { spec, model, targets, ops });
  }

  const kinds: Record<string, (ops: NativeOps) => Promise<Objective> | Objective> = {
    sft: (ops) => new SftObjective({ model: tinyModel(), samples: randomCompletions(12), ops }),
    reward: (ops) => {
      const model = toRewardModel(tinyModel(), { padTokenId: null, eosTokenId: null }, createRandom(0, 'head'));
      return new RewardObjective({ model, samples: pairs, centerWeight: 0.01, ops });
    },
    'dpo sigmoid': (ops) => dpo(ops),
    'dpo sigmoid, smoothed': (ops) => dpo(ops, { labelSmoothing: 0.1 }),
    'dpo hinge': (ops) => dpo(ops, { loss: 'hinge' }),
    'dpo ipo': (ops) => dpo(ops, { loss: 'ipo' }),
    'dpo with dpop and nll': (ops) => dpo(ops, { dpop: 5, nllWeight: 0.2 }),
    'sft under a flip hinge': (ops) => {
      const model = tinyModel();
      return underHinge(new SftObjective({ model, samples: randomCompletions(12), ops }), model, ops);
    },
    'sft as an adapter under a flip hinge': (ops) => {
      const adapter = { rank: 2, alpha: 4, dropout: 0, targets: ['all-linear'] };
      const model = addAdapter(tinyModel(), adapter, createRandom(0, 'adapter'));
      return underHinge(new SftObjective({ model, samples: randomCompletions(12), ops }), model, ops);
    },
    'dpo under lora with dropout': (ops) => dpo(ops, {}, undefined, true),
    'guard on the chosen, learned weight': (ops) => dpo(ops, {}, { learnedWeight: { rate: 0.5, target: 0.2 } }),
    'guard by margin, per token': (ops) => dpo(ops, {}, { gate: 'margin', reduction: 'token-sum' }),
    'guard by the fall': (ops) => dpo(ops, {}, { divergence: 'fall', gate: 'margin' }),
    'guard by the fall of other responses': (ops) => dpo(ops, {}, { divergence: 'fall', target: 'pre-sample' }),
    'guard by KL': (ops) => dpo(ops, {}, { divergence: 'kl' }),
    'guard by KL without the target': (ops) => dpo(ops, {}, { divergence: 'masked-kl' }),
    'random gate': (ops) => dpo(ops, {}, { kind: 'random', randomRate: 0.5 }),
    'guard on other responses': (ops) => dpo(ops, {}, { target: 'pre-sample' }),
    'guard on other responses by KL, all firing': (ops) =>
      dpo(ops, {}, { target: 'pre-sample', divergence: 'kl', kind: 'ungated' }),
    'dpo with a list of losses': (ops) =>
      dpo(ops, { loss: [...dpoLossNames].map((kind, i) => ({ kind, weight: 0.5 + i / 10 })), labelSmoothing: 0.1 }),
    kto,
    orpo: (ops) =>
      new ReferenceFreeObjective({ model: tinyModel(), samples: pairs, spec: orpoSpec.parse({ kind: 'orpo' }), ops }),
    simpo: (ops) =>
      new ReferenceFreeObjective({
        model: tinyModel(),
        samples: pairs,
        spec: simpoSpec.parse({ kind: 'simpo', nllWeight: 0.2, labelSmoothing: 0.1 }),
        ops,
      }),
    'online dpo': (ops) => onGroups(ops, { kind: 'online-dpo' }),
    'online dpo under a guard': (ops) => onGroups(ops, { kind: 'online-dpo' }, {}),
    'online dpo, the fall of a reward': (ops) => onGroups(ops, { kind: 'online-dpo' }, { divergence: 'fall' }),
    rloo: (ops) => onGroups(ops, { kind: 'rloo', epochs: 2 }),
    'rloo under a KL limit': (ops) => onGroups(ops, { kind: 'rloo', epochs: 2, klLimit: { nats: 0.02 } }),
    grpo: (ops) => onGroups(ops, { kind: 'grpo', klWeight: 0.1 }),
    'grpo under a guard by KL': (ops) => onGroups(ops, { kind: 'grpo' }, { divergence: 'kl' }),
    ppo: (ops) => ppo(ops),
    'ppo under a guard': (ops) => ppo(ops, {}),
    'ppo under a guard by KL': (ops) => ppo(ops, { divergence: 'kl' }),
  };

  test.each(Object.keys(kinds))('%s', async (kind) => {
    const native = nativeOps();
    const made = { functions: 0, runs: 0, refused: [] as string[] };
    const compile: NonNullable<NativeOps['compile']> = (build, specs, options) => {
      const result = native.compile!(build, specs, options);
      if ('refused' in result) {
        made.refused.push(result.refused);
        return result;
      }
      made.functions++;
      return {
        ...result,
        run(inputs) {
          made.runs++;
          return result.run(inputs);
        },
      };
    };
    const { compile: _, ...eagerOps } = native;
    const [compiled, eager] = [await kinds[kind]!({ ...native, compile }), await kinds[kind]!(eagerOps)];
    const [one, other] = [new Stepper(compiled), new Stepper(eager)];
    for (const batch of batches) {
      // Two micro-batches: the second takes the first one's gradients in.
      const [a, b] = [await one.step(batch, 2), await other.step(batch, 2)];
      expect(a.gradNorm / b.gradNorm).toBeCloseTo(1, 4);
      for (const [name, value] of Object.entries(b.metrics)) {
        expect((a.metrics as Record<string, number>)[name], name).toBeCloseTo(value, 4);
      }
    }
    expect(made.refused).toEqual([]);
    expect(made.runs).toBeGreaterThan(made.functions);
    const weights = (objective: Objective) => weightsOf({ parameters: objective.trainable } as unknown as CausalLm);
    expect(largestDifference(weights(compiled), weights(eager))).toBeLessThan(2e-5);
    compiled.dispose();
  });
});
