import { beforeAll, expect, test } from 'vitest';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { completionLength } from '../../../src-main/engine/losses/layout.ts';
import { batchInputs, batchOf, completionHidden, layoutFor } from '../../../src-main/engine/losses/token-log-probs.ts';
import { OnlineDpoObjective } from '../../../src-main/engine/objectives/online-dpo.ts';
import { ReferenceFreeObjective } from '../../../src-main/engine/objectives/reference-free.ts';
import { inputTensors } from '../../../src-main/engine/passes.ts';
import { measureResponses, sampleResponses } from '../../../src-main/engine/rollouts/rollouts.ts';
import { onlineDpoSpec, simpoSpec } from '../../../src-main/shared/domain/algorithms.ts';
import type { Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { randomPairs, Stepper, tinyModel } from '../../helpers/training.ts';

/** Settings of a run spec that no recorded trajectory changes, each against a value that is worked out by hand. */
beforeAll(async () => {
  await openTestBackend('cpu');
});

const tokenizer = {
  eosTokenId: 2,
  decode: (ids: readonly number[]) => ids.join(' '),
} as Partial<Tokenizer> as Tokenizer;
const pairs = randomPairs(3);
const all = pairs.map((_, i) => i);

/** Online DPO on `answers` of each prompt, rewarded by their number. */
function onlineDpo(settings: object, answers = 2) {
  const spec = onlineDpoSpec.parse({
    kind: 'online-dpo',
    reward: { kind: 'lexicon' },
    samplesPerPrompt: answers,
    ...settings,
  });
  const asked: number[] = [];
  const objective = new OnlineDpoObjective({
    model: tinyModel(1),
    reference: tinyModel(1),
    samples: pairs.map(({ id, chosen }) => ({ id, prompt: id, ids: chosen.ids.slice(0, chosen.from) })),
    reward: (_, texts) => Promise.resolve(texts.map(Number)),
    spec,
    guard: null,
    ops: {},
    sample: (prompts) => {
      asked.push(prompts.length);
      return Promise.resolve(
        prompts.map(({ id }, i) => {
          const pair = pairs.find((one) => one.id === id)!;
          return { sequence: i % 2 === 0 ? pair.chosen : pair.rejected, text: `${i % answers}` };
        }),
      );
    },
  });
  return { objective, asked };
}

test.each([
  // −log σ(0), max(0, 1 − 0), (0 − 1/(2β))²: at the reference every margin is 0.
  ['sigmoid', 0.1, Math.log(2)],
  ['hinge', 0.1, 1],
  ['ipo', 0.1, 25],
  ['ipo', 0.2, 6.25],
])('online DPO with the loss %s and β %f begins at %f', async (loss, beta, value) => {
  const { metrics } = await new Stepper(onlineDpo({ loss, beta }).objective).step(all);
  expect(metrics.loss).toBeCloseTo(value, 4);
});

test('online DPO draws samplesPerPrompt answers and learns from the best and the worst', async () => {
  const { objective, asked } = onlineDpo({}, 4);
  const { metrics } = await new Stepper(objective).step(all);
  // Rewards 0, 1, 2 and 3 of every prompt.
  expect([asked, metrics['objective/scores']]).toEqual([[12], expect.closeTo(1.5, 6)]);
});

test('SimPO adds nllWeight times the mean NLL of the chosen response', async () => {
  const lossWith = async (nllWeight: number) => {
    const spec = simpoSpec.parse({ kind: 'simpo', nllWeight });
    const objective = new ReferenceFreeObjective({ model: tinyModel(1), samples: pairs, spec, ops: {} });
    return (await new Stepper(objective).step(all)).metrics.loss ?? NaN;
  };
  const chosen = pairs.map((pair) => pair.chosen);
  const nats = [...(await scoreSequences(tinyModel(1), chosen))].reduce((sum, one) => sum - one, 0);
  const tokens = chosen.map(completionLength).reduce((sum, one) => sum + one, 0);
  expect((await lossWith(0.5)) - (await lossWith(0))).toBeCloseTo((0.5 * nats) / tokens, 5);
});

test('a temperature divides the logits, and maxNewTokens ends an answer', async () => {
  const model = tinyModel(1);
  const [sequence] = pairs.map(({ chosen }) => chosen);
  const [measured] = await measureResponses(model, [sequence!], { temperature: 0.5, ops: {} });
  const layout = layoutFor(model, [sequence!], false);
  const batch = batchOf(layout.form, inputTensors(batchInputs(model, layout)));
  const rows = (await model.logits(completionHidden(model, batch, {})).array()) as number[][];
  const expected = rows.map((logits, i) => {
    const label = sequence!.ids[sequence!.from + i]!;
    const total = logits.reduce((sum, logit) => sum + Math.exp(2 * logit), 0);
    return 2 * logits[label]! - Math.log(total);
  });
  expect([...(measured?.logProbs ?? [])]).toEqual(expected.map((value) => expect.closeTo(value, 4) as number));
  const prompts = [{ id: 'p', prompt: 'p', ids: Int32Array.from([1, 5, 6]) }];
  const answers = await Promise.all(
    [3, 7].map((maxNewTokens) => sampleResponses(model, tokenizer, prompts, { temperature: 1, maxNewTokens, seed: 1 })),
  );
  const lengths = answers.map(([one]) => completionLength(one!.sequence));
  expect(lengths[0]).toBeLessThanOrEqual(3);
  expect(lengths[1]).toBeLessThanOrEqual(7);
  expect(lengths[1]).toBeGreaterThan(3);
});
