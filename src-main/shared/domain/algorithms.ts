import { z } from 'zod';

/** The algorithms of a run spec. Descriptions feed the form's help and the reference page. */
const positive = z.number().positive();
const fraction = z.number().min(0).max(1);
const count = z.number().int().positive();

export const dpoSpec = z.strictObject({
  kind: z.literal('dpo'),
  loss: z
    .enum(['sigmoid', 'hinge', 'ipo'])
    .default('sigmoid')
    .describe('Preference loss on the difference of log-ratios.'),
  beta: positive.default(0.1).describe('Strength of the implicit KL constraint.'),
  labelSmoothing: fraction
    .lt(0.5)
    .default(0)
    .describe('Probability that a preference is flipped (conservative DPO); sigmoid only.'),
  dpop: z
    .number()
    .min(0)
    .default(0)
    .describe('DPOP penalty weight on max(0, ref − policy log-prob of the chosen response).'),
  nllWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('Weight of the NLL of the chosen response (RPO); the ungated control of FlipGuard.'),
});
export const sftSpec = z.strictObject({
  kind: z.literal('sft'),
  completionOnly: z
    .boolean()
    .default(true)
    .describe(
      'Loss on the completion tokens only; of a conversation in “messages” that is the last reply. false: on every token, TRL’s default for conversations.',
    ),
});
export const rewardSpec = z.strictObject({
  kind: z.literal('reward'),
  centerWeight: z
    .number()
    .min(0)
    .default(0)
    .describe('Weight of (r_chosen + r_rejected)², TRL’s center_rewards_coefficient.'),
});
export const rewardSource = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('reward-model'),
    model: z.string().min(1).describe('A model with one output, or a reward run’s checkpoint, by name or id.'),
  }),
  z.strictObject({
    kind: z.literal('lexicon'),
    lexicon: z.literal('afinn').default('afinn').describe('Sum of the ratings of the response’s words.'),
  }),
  z.strictObject({
    kind: z.literal('verifiable'),
    scorer: z
      .enum(['exact', 'contains', 'numeric'])
      .describe('How the response is held against the prompt’s target: 1 or 0.'),
  }),
]);
export const ppoSpec = z.strictObject({
  kind: z.literal('ppo'),
  reward: rewardSource.describe('Where the scalar reward of a sampled response comes from.'),
  epochs: count.default(4).describe('Optimisation epochs over each batch of rollouts.'),
  clipRange: positive.default(0.2).describe('How far the probability ratio may move from 1.'),
  valueClipRange: positive.default(0.2).describe('How far a value may move from the one at sampling.'),
  valueWeight: z.number().min(0).default(0.1).describe('Weight of the value loss beside the policy loss.'),
  gamma: fraction.default(1).describe('Discount from token to token.'),
  lambda: fraction.default(0.95).describe('GAE λ.'),
  kl: z
    .strictObject({
      weight: z.number().min(0).default(0.05).describe('Penalty on KL to the reference, per nat.'),
      adaptiveTarget: positive
        .nullable()
        .default(null)
        .describe('Target KL of the adaptive controller; null keeps the weight fixed.'),
      horizon: positive.default(10_000).describe('Samples over which the adaptive controller corrects.'),
    })
    .prefault({}),
  maxNewTokens: count.default(53).describe('Tokens a sampled response may have.'),
  temperature: positive.default(0.7).describe('Of sampling responses.'),
});
export const algorithmSpec = z.discriminatedUnion('kind', [sftSpec, rewardSpec, dpoSpec, ppoSpec]);

export type DpoSpec = z.output<typeof dpoSpec>;
export type PpoSpec = z.output<typeof ppoSpec>;
