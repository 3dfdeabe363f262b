import { beforeAll, describe, expect, test } from 'vitest';
import { tokeniseLabelled } from '../../../src-main/engine/data/labelled.ts';
import { scoreSequences } from '../../../src-main/engine/data/score-sequences.ts';
import { KtoObjective } from '../../../src-main/engine/objectives/kto.ts';
import type { UnpairedRow } from '../../../src-main/shared/domain/datasets.ts';
import { runSpecSchema, type RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { loadGoldenModel } from '../../helpers/golden-models.ts';
import {
  largestGaps,
  largestWeightDifference,
  readTraining,
  type Fingerprint,
} from '../../helpers/recorded-training.ts';
import { runInOrder } from '../../helpers/training.ts';

/** Five steps of each case by TRL 1.13's KTOTrainer (test/golden/training/kto.py). */
interface Recorded {
  rows: { prompt: number[]; completion: number[]; label: boolean }[];
  cases: Record<string, { steps: Record<string, number>[]; weights: Fingerprint }>;
}
const recorded = readTraining<Recorded>('kto');
const batchSize = 6;

const specs: Record<string, Partial<RunSpecInput>> = {
  kto: { algorithm: { kind: 'kto', desirableWeight: 1.3, undesirableWeight: 0.8 } },
  'kto, fast': { algorithm: { kind: 'kto' }, optimizer: { learningRate: 1e-2 } },
  'apo-zero': { algorithm: { kind: 'kto', loss: 'apo-zero' } },
};

/** Numbers as words; the recorded responses end with their own EOS. */
const numbersAsWords = {
  encode: (text: string) => text.split(' ').map(Number),
  encodeChat: () => [],
  decode: () => '',
  eosTokenId: null,
};

beforeAll(async () => {
  await openTestBackend();
});

describe('five steps of KTO equal TRL’s', () => {
  test.each(Object.keys(recorded.cases))('%s', async (name) => {
    const { steps, weights } = recorded.cases[name]!;
    const spec = runSpecSchema.parse({
      name,
      model: 'm',
      dataset: { train: 'd' },
      optimizer: { learningRate: 1e-3 },
      batch: { size: batchSize },
      steps: steps.length,
      ...specs[name],
    });
    if (spec.algorithm.kind !== 'kto') throw new Error('not KTO');
    const rows = recorded.rows.map(({ prompt, completion, label }, i): UnpairedRow => ({
      kind: 'unpaired',
      id: `${i}`,
      prompt: prompt.join(' '),
      completion: ` ${completion.join(' ')}`,
      label,
    }));
    const { samples } = tokeniseLabelled(rows, numbersAsWords, { maxLength: 64, groupSize: batchSize });
    const model = await loadGoldenModel('llama');
    const score = (pick: 'sequence' | 'mismatched') =>
      scoreSequences(
        model,
        samples.map((sample) => sample[pick]),
      );
    const reference = { completions: await score('sequence'), mismatched: await score('mismatched') };
    const objective = new KtoObjective({ model, samples, reference, spec: spec.algorithm, ops: {} });
    const gaps = largestGaps(await runInOrder(spec, objective), steps);
    const ofWeights = largestWeightDifference(model.parameters, weights);
    objective.dispose();
    model.dispose();
    for (const [metric, gap] of Object.entries(gaps)) expect(gap, metric).toBeLessThan(2e-5);
    expect(ofWeights).toBeLessThan(2e-4);
  });
});

test('of a pair, KTO reads two completions; one whose prompt fills the length is left out', () => {
  const { samples, dropped } = tokeniseLabelled(
    [
      { kind: 'preference', id: 'pair', prompt: '1 2', chosen: ' 3 4 5', rejected: ' 6' },
      { kind: 'unpaired', id: 'long', prompt: '1 2 3 4', completion: ' 5', label: true },
      { kind: 'unpaired', id: 'last', prompt: '7', completion: ' 8 9', label: false },
    ],
    numbersAsWords,
    { maxLength: 4, groupSize: 8 },
  );
  expect(dropped).toEqual(['long']);
  expect(
    samples.map(({ id, sequence, desirable, mismatched }) => [id, [...sequence.ids], desirable, [...mismatched.ids]]),
  ).toEqual([
    ['pair', [1, 2, 3, 4], true, [1, 2, 8, 9]],
    ['pair', [1, 2, 6], false, [1, 2, 3, 4]],
    ['last', [7, 8, 9], false, [7, 6]],
  ]);
});
