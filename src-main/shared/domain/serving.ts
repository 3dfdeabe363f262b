import { z } from 'zod';
import type { WeightsPlace } from './jobs.ts';

/** What a served model is asked, and what it answers: between the endpoint’s server and the child that has the weights. */
const count = z.number().int().min(0);

export interface ServedModel extends WeightsPlace {
  readonly name: string;
}

const message = z.looseObject({ role: z.string(), content: z.string() });
export const questionSchema = z.strictObject({
  model: z.string(),
  prompt: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('ids'), ids: z.array(count) }),
    z.strictObject({ kind: z.literal('text'), text: z.string() }),
    z.strictObject({ kind: z.literal('chat'), messages: z.array(message), tools: z.array(z.unknown()).optional() }),
  ]),
  /** Answers to one prompt. */
  n: count,
  /** Null: as many as there is room for. */
  maxTokens: count.nullable(),
  temperature: z.number().min(0),
  topP: z.number().optional(),
  topK: count.optional(),
  presencePenalty: z.number().optional(),
  frequencyPenalty: z.number().optional(),
  bias: z.array(z.tuple([count, z.number()])).optional(),
  seed: count,
  /** Where the question is among those of its request: its answers have random numbers of their own. */
  place: count,
  stop: z.array(z.string()),
  /** How many of the likeliest tokens are told at each place; null: no log-probs. */
  top: count.nullable(),
  /** Log-probs of the prompt’s own tokens. */
  scorePrompt: z.boolean(),
  /** Text as it comes. */
  stream: z.boolean(),
});
export type Question = z.output<typeof questionSchema>;

const likely = z.strictObject({ id: count, text: z.string(), logProb: z.number() });
const token = z.strictObject({ id: count, text: z.string(), logProb: z.number().nullable(), top: z.array(likely) });
export type ServedToken = z.output<typeof token>;

const answer = z.strictObject({ text: z.string(), tokens: z.array(token), finish: z.enum(['stop', 'length']) });
export const answerPartSchema = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('text'), choice: count, text: z.string(), tokens: z.array(token) }),
  z.strictObject({
    kind: z.literal('done'),
    /** The prompt as it was read, token by token where log-probs were asked for. */
    promptText: z.string(),
    promptTokens: count,
    prompt: z.array(token),
    answers: z.array(answer),
    answerTokens: count,
  }),
  z.strictObject({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
]);
export type AnswerPart = z.output<typeof answerPartSchema>;
export type Answered = Extract<AnswerPart, { kind: 'done' }>;
