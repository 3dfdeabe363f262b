import { isPlainObject, own } from '../field-path.ts';
import { asOptionalText, asTextOrChat, renderChat } from '../values.ts';

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
}

/** One request: its arguments in order. Version 0.4.3 on writes `{gen_args_0: {arg_0, arg_1}}`, before it lists. */
type Request = unknown[];

export function readLmEvalSample(record: unknown): LmEvalSample {
  const requests = readRequests(own(record, 'arguments'));
  const responses = asList(own(record, 'filtered_resps'));
  const logLikelihoods = readLogLikelihoods(responses.length > 0 ? responses : asList(own(record, 'resps')));
  const target = asOptionalText(own(record, 'target')) ?? undefined;
  if (logLikelihoods === null) return readGeneration(record, requests, target);
  if (requests.length > 1) return readChoice(requests, logLikelihoods, target);
  return readLikelihood(requests[0] ?? [], logLikelihoods[0], target);
}

function readGeneration(record: unknown, requests: Request[], target: string | undefined): LmEvalSample {
  const raw = firstText(own(record, 'resps'));
  return {
    kind: 'generation',
    prompt: promptText(requests[0]?.[0]),
    target,
    output: raw ?? firstText(own(record, 'filtered_resps')),
    targetLogProb: null,
    settings: requests[0]?.[1],
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
  };
}

function readChoice(requests: Request[], answers: Rated[], target: string | undefined): LmEvalSample {
  const rated = withoutUnconditional(requests).slice(0, answers.length);
  const continuations = rated.map((request) => asOptionalText(request[1]) ?? '');
  const contexts = rated.map((request) => promptText(request[0]));
  // Winogrande's way: the options are contexts, the continuation is the same for all.
  const optionsAreContexts = new Set(contexts).size > 1;
  const options = optionsAreContexts ? contexts : continuations;
  const gold = goldIndex(target, options);
  return {
    kind: 'choice',
    prompt: optionsAreContexts ? `${commonStart(contexts)} … ${continuations[0]?.trim() ?? ''}` : (contexts[0] ?? ''),
    target: gold === null ? target : options[gold]?.trim(),
    output: options[argmax(answers.slice(0, options.length))]?.trim() ?? null,
    targetLogProb: gold === null ? null : (answers[gold]?.logProb ?? null),
    settings: undefined,
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

/** The gold option: the target is its index, or its text. */
function goldIndex(target: string | undefined, options: readonly string[]): number | null {
  if (target === undefined) return null;
  const byText = options.findIndex((option) => option.trim() === target.trim());
  if (byText !== -1) return byText;
  const index = /^\d+$/.test(target) ? Number(target) : -1;
  return index >= 0 && index < options.length ? index : null;
}

function argmax(answers: readonly Rated[]): number {
  return answers.reduce(
    (best, answer, index) => ((answer.logProb ?? -Infinity) > (answers[best]?.logProb ?? -Infinity) ? index : best),
    0,
  );
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

function firstText(value: unknown): string | null {
  if (typeof value === 'string') return value;
  return Array.isArray(value) && value.length > 0 ? firstText(value[0]) : null;
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? (value as unknown[]) : value === undefined || value === null ? [] : [value];
}
