import { randomInt } from 'node:crypto';
import { z } from 'zod';
import type { Question } from '../../shared/domain/serving.ts';
import { ApiError } from './api-error.ts';

/** Fields that change nothing of what is computed: who asks, and how a large service would run it. */
const harmless = [
  'user',
  'metadata',
  'store',
  'service_tier',
  'safety_identifier',
  'prompt_cache_key',
  'parallel_tool_calls',
];

const whole = z.number().int();
const stop = z.union([z.string(), z.array(z.string()).max(16)]).nullish();
const common = {
  model: z.string(),
  max_tokens: whole.min(0).nullish(),
  temperature: z.number().min(0).max(100).nullish(),
  top_p: z.number().gt(0).max(1).nullish(),
  top_k: whole.min(-1).nullish(),
  n: whole.min(1).max(128).nullish(),
  stop,
  seed: whole.nullish(),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  presence_penalty: z.number().min(-2).max(2).nullish(),
  frequency_penalty: z.number().min(-2).max(2).nullish(),
  logit_bias: z.record(z.string(), z.number().min(-100).max(100)).nullish(),
  // Understood where they ask for nothing that is not done.
  best_of: whole.nullish(),
  suffix: z.literal('').nullish(),
  min_p: z.literal(0).nullish(),
  repetition_penalty: z.literal(1).nullish(),
  response_format: z.looseObject({ type: z.literal('text') }).nullish(),
  ...Object.fromEntries(harmless.map((name) => [name, z.unknown().optional()])),
};

const ids = z.array(whole.min(0));
export const completionSchema = z.strictObject({
  ...common,
  prompt: z.union([z.string(), ids, z.array(z.union([z.string(), ids]))]),
  echo: z.boolean().nullish(),
  logprobs: z.union([whole.min(0).max(20), z.boolean()]).nullish(),
});
export type CompletionRequest = z.output<typeof completionSchema>;

const textPart = z.looseObject({ type: z.literal('text'), text: z.string() });
const turn = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(textPart)]).nullish(),
});
export const chatSchema = z.strictObject({
  ...common,
  messages: z.array(turn).min(1),
  max_completion_tokens: whole.min(0).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: whole.min(0).max(20).nullish(),
  tools: z.array(z.unknown()).nullish(),
  tool_choice: z.enum(['auto', 'none']).nullish(),
});
export type ChatRequest = z.output<typeof chatSchema>;

/** @throws ApiError 400 that names the field. */
export function parseRequest<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    const key = issue.keys[0] ?? '';
    throw new ApiError(400, `Unrecognized request argument: ${key}. It is not supported here.`, { param: key });
  }
  const param = issue?.path.map(String).join('.') ?? '';
  throw new ApiError(
    400,
    param === '' ? 'The body is not a request.' : `${param}: ${issue?.message ?? 'does not fit'}.`,
    { param },
  );
}

const usualMaxTokens = 16;
type Settings = Omit<Question, 'prompt' | 'place' | 'top' | 'scorePrompt' | 'maxTokens'>;

function settingsOf(request: CompletionRequest | ChatRequest): Settings {
  if ((request.best_of ?? 1) > (request.n ?? 1))
    throw new ApiError(400, 'best_of above n is not supported here.', { param: 'best_of' });
  const bias = Object.entries(request.logit_bias ?? {}).map(([id, value]): [number, number] => [Number(id), value]);
  if (bias.some(([id]) => !Number.isInteger(id) || id < 0))
    throw new ApiError(400, 'logit_bias: its keys are token ids.', { param: 'logit_bias' });
  const { seed } = request;
  return {
    model: request.model,
    n: request.n ?? 1,
    temperature: request.temperature ?? 1,
    ...(request.top_p === null || request.top_p === undefined ? {} : { topP: request.top_p }),
    ...(request.top_k === null || request.top_k === undefined || request.top_k <= 0 ? {} : { topK: request.top_k }),
    ...(request.presence_penalty ? { presencePenalty: request.presence_penalty } : {}),
    ...(request.frequency_penalty ? { frequencyPenalty: request.frequency_penalty } : {}),
    ...(bias.length === 0 ? {} : { bias }),
    // Any whole number is a seed, negative ones too.
    seed: seed === null || seed === undefined ? randomInt(2 ** 32) : Math.abs(seed) * 2 + (seed < 0 ? 1 : 0),
    stop: [request.stop ?? []].flat().filter((text) => text !== ''),
    stream: request.stream ?? false,
  };
}

/** One question per prompt. */
export function completionQuestions(request: CompletionRequest): Question[] {
  const { prompt, echo, logprobs } = request;
  const top = logprobs === null || logprobs === undefined || logprobs === false ? null : Number(logprobs);
  const settings = settingsOf(request);
  return promptsOf(prompt).map((one, place) => ({
    ...settings,
    prompt: one,
    place,
    maxTokens: request.max_tokens ?? usualMaxTokens,
    top,
    scorePrompt: echo === true && top !== null,
  }));
}

function promptsOf(prompt: CompletionRequest['prompt']): Question['prompt'][] {
  if (typeof prompt === 'string') return [{ kind: 'text', text: prompt }];
  if (prompt.length === 0) throw new ApiError(400, 'prompt: it is an empty list.', { param: 'prompt' });
  const tokens = prompt.filter((one): one is number => typeof one === 'number');
  if (tokens.length === prompt.length) return [{ kind: 'ids', ids: tokens }];
  return prompt.map((one): Question['prompt'] => {
    if (typeof one === 'string') return { kind: 'text', text: one };
    return { kind: 'ids', ids: Array.isArray(one) ? one : [one] };
  });
}

export function chatQuestion(request: ChatRequest): Question {
  if (request.logprobs !== true && (request.top_logprobs ?? 0) > 0)
    throw new ApiError(400, 'top_logprobs needs logprobs: true.', { param: 'top_logprobs' });
  const messages = request.messages.map(({ content, ...rest }) => ({
    ...rest,
    content: typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join(''),
  }));
  const tools = request.tool_choice === 'none' ? undefined : (request.tools ?? undefined);
  return {
    ...settingsOf(request),
    prompt: { kind: 'chat', messages, ...(tools === undefined ? {} : { tools }) },
    place: 0,
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? null,
    top: request.logprobs === true ? (request.top_logprobs ?? 0) : null,
    scorePrompt: false,
  };
}
