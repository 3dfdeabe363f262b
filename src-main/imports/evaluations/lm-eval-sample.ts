import { isPlainObject, own } from '../field-path.ts';
import { asOptionalText, asTextOrChat, renderChat } from '../values.ts';
import type { GoldReading } from './lm-eval-gold.ts';
import { confidenceOf, likeliest } from './option-confidence.ts';

/** What a request to the model was and what came back, whatever the harness's version wrote. */
export interface LmEvalSample {
  /** loglikelihood: one continuation rated; choice: several; rolling: a text rated; generation: a text made. */
  kind: 'loglikelihood' | 'choice' | 'rolling' | 'generation';
  prompt: string;
  target: string | undefined;
  output: string | null;
  /** Log-probability of the target in nats, where there is one. */
  targetLogProb: number | null;
  /** Generation settings the sample was made with. */
  settings: unknown;
  /** Every answer to the prompt, in order; one where it was asked once, none of a likelihood. */
  answers: string[];
  /** Options of a multiple choice, and the probability of the selected one among them. */
  options: number | null;
  confidence: number | null;
}

/** One request: its arguments in order. Version 0.4.3 on writes `{gen_args_0: {arg_0, arg_1}}`, before it lists. */
type Request = unknown[];

export function readLmEvalSample(record: unknown, gold: GoldReading = 'text'): LmEvalSample {
  const requests = readRequests(own(record, 'arguments'));
  const responses = asList(own(record, 'filtered_resps'));
  const logLikelihoods = readLogLikelihoods(responses.length > 0 ? responses : asList(own(record, 'resps')));
  const target = targetText(own(record, 'target'));
  if (logLikelihoods === null) return readGeneration(record, requests, target);
  if (requests.length > 1) return readChoice(requests, logLikelihoods, target, gold);
  return readLikelihood(requests[0] ?? [], logLikelihoods[0], target);
}

function readGeneration(record: unknown, requests: Request[], target: string | undefined): LmEvalSample {
  const answers = textsOf(own(record, 'resps'));
  const raw = answers[0] ?? null;
  return {
    kind: 'generation',
    prompt: promptText(requests[0]?.[0]),
    target,
    output: raw ?? firstText(own(record, 'filtered_resps')),
    targetLogProb: null,
    settings: requests[0]?.[1],
    answers,
    options: null,
    confidence: null,
  };
}

function readLikelihood(request: Request, answer: Rated | undefined, target: string | undefined): LmEvalSample {
  const continuation = asOptionalText(request[1]);
  return {
    kind: continuation === null ? 'rolling' : 'loglikelihood',
    prompt: promptText(request[0]),
    target: target ?? continuation ?? undefined,
    // The harness tells whether the target is the greedy continuation, not what else the model would have said.
    output: answer?.isGreedy === true ? (continuation ?? target ?? null) : null,
    targetLogProb: answer?.logProb ?? null,
    settings: undefined,
    answers: [],
    options: null,
    confidence: null,
  };
}

interface Choice {
  contexts: string[];
  continuations: string[];
  /** What tells the options apart: continuations, or Winogrande's way, contexts before one continuation. */
  options: string[];
  answers: Rated[];
  best: number;
}

function choiceOf(requests: Request[], rated: Rated[]): Choice {
  const own = withoutUnconditional(requests).slice(0, rated.length);
  const continuations = own.map((request) => asOptionalText(request[1]) ?? '');
  const contexts = own.map((request) => promptText(request[0]));
  const options = contexts.some((context) => context !== contexts[0]) ? contexts : continuations;
  const answers = rated.slice(0, options.length);
  return { contexts, continuations, options, answers, best: likeliest(logProbsOf(answers)) };
}

/** Options of a record that is a multiple choice, and which of them the model holds likeliest; else null. */
export function readChoiceOptions(record: unknown): { options: string[]; best: number } | null {
  const requests = readRequests(own(record, 'arguments'));
  if (requests.length < 2) return null;
  const responses = asList(own(record, 'filtered_resps'));
  const rated = readLogLikelihoods(responses.length > 0 ? responses : asList(own(record, 'resps')));
  return rated === null ? null : choiceOf(requests, rated);
}

function readChoice(
  requests: Request[],
  rated: Rated[],
  target: string | undefined,
  reading: GoldReading,
): LmEvalSample {
  const { contexts, continuations, options, answers, best } = choiceOf(requests, rated);
  const optionsAreContexts = options === contexts;
  const gold = goldIndex(target, options, reading);
  return {
    kind: 'choice',
    prompt: optionsAreContexts ? `${commonStart(contexts)} … ${continuations[0]?.trim() ?? ''}` : (contexts[0] ?? ''),
    target: gold === null ? target : options[gold]?.trim(),
    output: options[best]?.trim() ?? null,
    targetLogProb: gold === null ? null : (answers[gold]?.logProb ?? null),
    settings: undefined,
    answers: [],
    options: options.length,
    confidence: confidenceOf(logProbsOf(answers), best),
  };
}

/** acc_mutual_info adds a second half of requests without context; they are no options. */
function withoutUnconditional(requests: Request[]): Request[] {
  const half = requests.length / 2;
  const isBlank = (request: Request): boolean => (asOptionalText(request[0]) ?? '').trim() === '';
  const second = requests.slice(half);
  const doubled = Number.isInteger(half) && half > 1 && second.every(isBlank) && !requests.slice(0, half).some(isBlank);
  return doubled ? requests.slice(0, half) : requests;
}

/** The gold option: by the reading that the task's file decided for, and by the other where that names none. */
function goldIndex(target: string | undefined, options: readonly string[], reading: GoldReading): number | null {
  if (target === undefined) return null;
  const index = /^\d+$/.test(target) && Number(target) < options.length ? Number(target) : null;
  const found = options.findIndex((option) => option.trim() === target.trim());
  const byText = found === -1 ? null : found;
  return reading === 'index' ? (index ?? byText) : (byText ?? index);
}

function logProbsOf(answers: readonly Rated[]): (number | null)[] {
  return answers.map(({ logProb }) => logProb);
}

function commonStart(texts: readonly string[]): string {
  const [first = ''] = texts;
  let length = first.length;
  for (const text of texts) while (!text.startsWith(first.slice(0, length))) length -= 1;
  return first.slice(0, length).trimEnd();
}

function readRequests(value: unknown): Request[] {
  if (Array.isArray(value)) return value.map(asList);
  if (!isPlainObject(value)) return [];
  return Object.keys(value)
    .filter((key) => key.startsWith('gen_args_'))
    .map((key) => {
      const args = value[key];
      return isPlainObject(args) ? Object.keys(args).map((name) => args[name]) : asList(args);
    });
}

/** A chat prompt comes as JSON of its turns, alone or in a list. */
function promptText(value: unknown): string {
  const text: unknown = Array.isArray(value) ? value[0] : value;
  if (typeof text === 'string' && /^\s*\[\s*\{\s*"role"/.test(text)) {
    try {
      return renderChat(asTextOrChat(JSON.parse(text), 'arguments'));
    } catch {
      return text;
    }
  }
  return asOptionalText(text) ?? '';
}

interface Rated {
  logProb: number | null;
  isGreedy: boolean;
}

/** `[[-5.77, false], …]`, the numbers and truth values possibly as texts, each possibly in one more list; else null. */
function readLogLikelihoods(responses: unknown[]): Rated[] | null {
  const rated = responses.map(asRated);
  return rated.length > 0 && rated.every((answer) => answer !== null) ? (rated as Rated[]) : null;
}

function asRated(response: unknown): Rated | null {
  if (typeof response === 'number') return { logProb: finite(response), isGreedy: false };
  if (!Array.isArray(response)) return null;
  const [first, second] = response as unknown[];
  if (response.length === 1 && Array.isArray(first)) return asRated(first);
  if (response.length !== 2 || !/^(true|false|0|1)$/i.test(String(second))) return null;
  const isNumber = typeof first === 'number' || first === null || (typeof first === 'string' && numeric.test(first));
  return isNumber ? { logProb: finite(first), isGreedy: /^(true|1)$/i.test(String(second)) } : null;
}

const numeric = /^\s*(-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?|nan|-?inf(inity)?)\s*$/i;

function finite(value: unknown): number | null {
  const number = value === null ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

/** A list of one text is that text: some tasks write their only answer so. */
function targetText(value: unknown): string | undefined {
  const only: unknown = Array.isArray(value) && value.length === 1 ? value[0] : value;
  return asOptionalText(only) ?? undefined;
}

/** The texts of nested lists, in order. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.flatMap(textsOf) : [];
}

function firstText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.length > 0 ? firstText(value[0]) : null;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : value === undefined || value === null ? [] : [value];
}
