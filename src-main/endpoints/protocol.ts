import { z } from 'zod';
import type { Message, TextOrChat } from '../shared/domain/datasets.ts';
import type { DecodingSettings } from '../shared/domain/evaluations.ts';

/** Requests and replies of OpenAI-compatible servers. What servers name differently is read under each of the names. */

export interface Answer {
  text: string;
  promptTokens: number | null;
  outputTokens: number | null;
  /** `stop`, `length` …; null where the server does not say. */
  finish: string | null;
  /** What the server calls its own configuration. */
  fingerprint: string | null;
  /** The model that answered, as the server calls it. */
  model: string | null;
}

export type Body = Record<string, unknown>;

export function completionBody(model: string, prompt: string, decoding: DecodingSettings): Body {
  return { model, prompt, ...decodingFields(decoding), max_tokens: decoding.maxNewTokens };
}

export function chatBody(model: string, prompt: TextOrChat, decoding: DecodingSettings): Body {
  const messages: Message[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : [...prompt];
  return { model, messages, ...decodingFields(decoding), max_tokens: decoding.maxNewTokens };
}

/** Fields that a server may refuse to know, the least important first: what is left out is named by the evaluation. */
export const optionalFields = ['top_k', 'seed', 'top_p', 'stop'] as const;

function decodingFields({ temperature, topP, topK, stop, seed }: DecodingSettings): Body {
  return {
    temperature,
    seed,
    stream: false,
    ...(topP === undefined ? {} : { top_p: topP }),
    ...(topK === undefined ? {} : { top_k: topK }),
    ...(stop === undefined || stop.length === 0 ? {} : { stop }),
  };
}

const usage = z.looseObject({
  prompt_tokens: z.number().optional(),
  completion_tokens: z.number().optional(),
  input_tokens: z.number().optional(),
  output_tokens: z.number().optional(),
});
const message = z.looseObject({ content: z.string().nullish(), reasoning_content: z.string().nullish() });
const choice = z.looseObject({
  text: z.string().nullish(),
  message: message.nullish(),
  finish_reason: z.string().nullish(),
  stop_reason: z.union([z.string(), z.number()]).nullish(),
  logprobs: z.unknown().optional(),
});
const reply = z.looseObject({
  choices: z.array(choice).optional(),
  usage: usage.nullish(),
  system_fingerprint: z.string().nullish(),
  model: z.string().nullish(),
  // Ollama's own protocol and llama.cpp's.
  message: message.nullish(),
  response: z.string().nullish(),
  content: z.string().nullish(),
  prompt_eval_count: z.number().nullish(),
  eval_count: z.number().nullish(),
  tokens_evaluated: z.number().nullish(),
  tokens_predicted: z.number().nullish(),
  done_reason: z.string().nullish(),
});

/** Null where the reply holds no answer. */
export function parseAnswer(body: unknown): Answer | null {
  const parsed = reply.safeParse(body);
  if (!parsed.success) return null;
  const { data } = parsed;
  const [first] = data.choices ?? [];
  const text = first?.message?.content ?? first?.text ?? data.message?.content ?? data.response ?? data.content;
  // A model that has only thought has answered with nothing.
  if (text === undefined || text === null)
    return first?.message?.reasoning_content == null ? null : { ...countsOf(data), text: '' };
  return { ...countsOf(data), text };
}

function countsOf(data: z.infer<typeof reply>): Omit<Answer, 'text'> {
  const [first] = data.choices ?? [];
  const counted = data.usage ?? {};
  return {
    promptTokens:
      counted.prompt_tokens ?? counted.input_tokens ?? data.prompt_eval_count ?? data.tokens_evaluated ?? null,
    outputTokens:
      counted.completion_tokens ?? counted.output_tokens ?? data.eval_count ?? data.tokens_predicted ?? null,
    finish: first?.finish_reason ?? data.done_reason ?? null,
    fingerprint: data.system_fingerprint || null,
    model: data.model ?? null,
  };
}

/** A text under the model: one entry per token that has a prediction. */
export interface PromptToken {
  /** Character of the text where it begins. */
  at: number;
  logProb: number;
  /** The likeliest token at this place, and whether it is this one. */
  best: string;
  isBest: boolean;
}

export function promptLogProbsBody(model: string, text: string): Body {
  return { model, prompt: text, max_tokens: 1, temperature: 0, logprobs: 1, echo: true, stream: false };
}

const echoed = z.looseObject({
  tokens: z.array(z.string()),
  token_logprobs: z.array(z.number().nullable()),
  text_offset: z.array(z.number()).nullish(),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
});

/** Null where the reply has no log-probs of the prompt: servers that do not know `echo` send those of the one new token, or none. */
export function parsePromptLogProbs(body: unknown, text: string): PromptToken[] | null {
  const parsed = reply.safeParse(body);
  const found = parsed.success ? echoed.safeParse(parsed.data.choices?.[0]?.logprobs) : null;
  if (found?.success !== true) return null;
  const { tokens, token_logprobs: logProbs, text_offset: offsets, top_logprobs: top } = found.data;
  const places = offsets ?? placesOf(tokens);
  const inside = places.filter((at) => at < text.length).length;
  // The echo holds the text itself; without it there is one token and no more.
  if (inside < 2 || tokens.slice(0, inside).join('').trim().slice(0, 4) === '') return null;
  if (
    !text.trim().startsWith(
      tokens
        .slice(0, inside)
        .join('')
        .replace(/^(<s>|<\|[^|]*\|>)/, '')
        .trim()
        .slice(0, 1),
    )
  )
    return null;
  return places.slice(0, inside).flatMap((at, i) => {
    const logProb = logProbs[i];
    if (logProb === null || logProb === undefined) return [];
    const [best = tokens[i] ?? '', bestLogProb = logProb] = likeliest(top?.[i]) ?? [];
    return [{ at, logProb, best: logProb >= bestLogProb ? (tokens[i] ?? '') : best, isBest: logProb >= bestLogProb }];
  });
}

function placesOf(tokens: readonly string[]): number[] {
  let at = 0;
  return tokens.map((token) => {
    const place = at;
    at += token.length;
    return place;
  });
}

function likeliest(top: Record<string, number> | null | undefined): [string, number] | null {
  const entries = Object.entries(top ?? {});
  return entries.length === 0 ? null : entries.reduce((best, entry) => (entry[1] > best[1] ? entry : best));
}
