import { expect, test } from 'vitest';
import type { TrainingArgs } from '../../../src-main/imports/trainer-folder/training-args.ts';
import { algorithmSpec } from '../../../src-main/shared/domain/algorithms.ts';
import { describedAlgorithm } from '../../../src-main/workbench/following/described-algorithm.ts';

function argsOf(fields: Readonly<Record<string, string | number | boolean>>): TrainingArgs {
  const typed = (field: string, kind: string) => (typeof fields[field] === kind ? fields[field] : null);
  return {
    module: 'trl',
    name: 'Config',
    number: (field) => typed(field, 'number') as number | null,
    text: (field) => typed(field, 'string') as string | null,
    flag: (field) => typed(field, 'boolean') as boolean | null,
  };
}

const reward = { kind: 'reward-model', model: 'elsewhere' } as const;

test.each([
  ['DPO', { loss_type: 'sigmoid_norm', beta: 0.3 }, { kind: 'dpo', loss: 'sigmoid-norm', beta: 0.3 }],
  ['DPO', { loss_type: 'exo_pair', beta: 0, label_smoothing: 0.2 }, { kind: 'dpo', labelSmoothing: 0.2 }],
  [
    'KTO',
    { loss_type: 'apo_zero_unpaired', beta: 0.2, desirable_weight: 1.5, undesirable_weight: 0.5 },
    { kind: 'kto', loss: 'apo-zero', beta: 0.2, desirableWeight: 1.5, undesirableWeight: 0.5 },
  ],
  ['ORPO', { beta: 0.4 }, { kind: 'orpo', beta: 0.4 }],
  [
    'CPO',
    { loss_type: 'simpo', beta: 2.5, simpo_gamma: 1, cpo_alpha: 0, label_smoothing: 0.1 },
    { kind: 'simpo', beta: 2.5, gamma: 1, nllWeight: 0, labelSmoothing: 0.1 },
  ],
  ['CPO', { loss_type: 'hinge', beta: 0.1 }, { kind: 'sft' }],
  [
    'OnlineDPO',
    { loss_type: 'ipo', beta: 0.2, temperature: 0.9, max_new_tokens: 64 },
    { kind: 'online-dpo', reward, loss: 'ipo', beta: 0.2, temperature: 0.9, maxNewTokens: 64 },
  ],
  [
    'RLOO',
    { beta: 0.07, num_generations: 4, max_completion_length: 32, num_iterations: 2, normalize_advantages: true },
    {
      kind: 'rloo',
      reward,
      klWeight: 0.07,
      samplesPerPrompt: 4,
      maxNewTokens: 32,
      epochs: 2,
      normalizeAdvantages: true,
    },
  ],
  [
    'GRPO',
    { loss_type: 'dr_grpo', beta: 0, num_generations: 2, epsilon: 0.3, scale_rewards: 'batch' },
    { kind: 'grpo', reward, loss: 'dr-grpo', klWeight: 0, samplesPerPrompt: 2, clipRange: 0.3, scale: 'batch' },
  ],
  ['GRPO', { scale_rewards: false }, { kind: 'grpo', reward, scale: 'none' }],
  ['Reward', { center_rewards_coefficient: 0.01 }, { kind: 'reward', centerWeight: 0.01 }],
  ['NashMD', { beta: 0.1 }, { kind: 'sft' }],
] as const)('%s with %j', (method, fields, expected) => {
  expect(describedAlgorithm({ method, args: argsOf(fields) })).toEqual(algorithmSpec.parse(expected));
});

test('without its settings a method is its algorithm with the defaults', () => {
  expect(describedAlgorithm({ method: 'KTO', args: null })).toEqual(algorithmSpec.parse({ kind: 'kto' }));
});
