import { isPlainObject, own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { parsePythonLiteral } from '../records/python-literal.ts';
import { asOptionalText, asPrompt } from '../values.ts';

/** A sample of lighteval's details, whatever version wrote it. */
export interface LightevalSample {
  id: string | null;
  /** What was asked, without examples before it: it tells samples apart where they have no id. */
  query: string;
  prompt: string;
  golds: string[];
  /** Generated texts, in order; none of a task that rates options. */
  texts: string[];
  /** Options, with the log-probability of each where they were rated. */
  options: string[];
  logProbs: (number | null)[];
  gold: number | null;
  metric: unknown;
  maxNewTokens: number | null;
  stop: string[];
}

/** `doc`, `model_response` and `metric` since 0.11; a flat row with `example` and `predictions` before. */
export function readLightevalSample(record: unknown): LightevalSample {
  const doc = column(record, 'doc');
  const sample = doc === undefined ? readFlat(record) : readNested(doc, record);
  if (!isPlainObject(sample.metric))
    throw new Misfit('missing-field', 'There are no metrics of the sample (“metric”).', 'metric');
  return sample;
}

export function isLightevalRecord(record: unknown): boolean {
  const isNested = column(record, 'doc') !== undefined && column(record, 'model_response') !== undefined;
  return isNested || (own(record, 'full_prompt') !== undefined && own(record, 'predictions') !== undefined);
}

/** A column by its name, bare or between underscores. */
function column(record: unknown, name: string): unknown {
  return literal(own(record, name) ?? own(record, `__${name}__`));
}

function readNested(doc: unknown, record: unknown): LightevalSample {
  const response = column(record, 'model_response');
  const query = textOf(own(doc, 'query')) ?? '';
  const input = own(response, 'input');
  const options = textsOf(own(doc, 'choices'));
  const golds = goldIndices(own(doc, 'gold_index'));
  const texts = textsOf(own(response, 'text'));
  const id = own(doc, 'id');
  const size = own(doc, 'generation_size');
  return {
    id: typeof id === 'string' && id !== '' ? id : typeof id === 'number' ? String(id) : null,
    query,
    prompt: input === undefined || input === null || input === '' ? query : asPrompt(input, 'model_response.input'),
    golds: golds.flatMap((index) => options[index] ?? []),
    texts,
    options,
    logProbs: texts.length > 0 ? [] : numbersOf(own(response, 'logprobs')),
    gold: golds[0] ?? null,
    metric: column(record, 'metric'),
    maxNewTokens: typeof size === 'number' && size > 0 ? size : null,
    stop: textsOf(own(doc, 'stop_sequences')),
  };
}

function readFlat(record: unknown): LightevalSample {
  const query = textOf(own(record, 'example')) ?? '';
  const options = textsOf(literal(own(record, 'choices')));
  const golds = goldIndices(literal(own(record, 'gold_index')));
  const predictions = literal(own(record, 'predictions'));
  const given = textsOf(literal(own(record, 'gold')));
  const texts = textsOf(predictions);
  return {
    id: null,
    query,
    prompt: asPrompt(own(record, 'full_prompt') ?? query, 'full_prompt'),
    golds: given.length > 0 ? given : golds.flatMap((index) => options[index] ?? []),
    texts,
    options,
    logProbs: texts.length > 0 ? [] : numbersOf(predictions),
    gold: golds[0] ?? null,
    metric: literal(own(record, 'metrics')),
    maxNewTokens: null,
    stop: [],
  };
}

/** Versions before 0.8 wrote each column as Python shows it. */
function literal(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[({]/.test(value)) return value;
  const parsed = parsePythonLiteral(value);
  return parsed === undefined ? value : parsed;
}

function textOf(value: unknown): string | null {
  return value === undefined ? null : asOptionalText(value);
}

/** The texts of nested lists, in order. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return Array.isArray(value) ? value.flatMap(textsOf) : [];
}

/** One number per option: `(log-probability, is greedy)`, or the number alone. */
function numbersOf(value: unknown): (number | null)[] {
  if (!Array.isArray(value)) return [];
  return value.map((entry: unknown) => {
    const number: unknown = Array.isArray(entry) ? entry[0] : entry;
    return typeof number === 'number' && Number.isFinite(number) ? number : null;
  });
}

function goldIndices(value: unknown): number[] {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  return list
    .map((entry) => (typeof entry === 'string' && /^\d+$/.test(entry) ? Number(entry) : entry))
    .filter((entry): entry is number => typeof entry === 'number' && Number.isInteger(entry) && entry >= 0);
}
