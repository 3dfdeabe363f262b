import type { DecodingSettings, SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { asId } from '../values.ts';
import { type LmEvalSample, readLmEvalSample } from './lm-eval-sample.ts';
import { addMetric, metricsWithout, newMetrics } from './metrics.ts';

/** Metrics that say right or wrong of one sample, most trusted first. */
const verdictMetrics = [
  'acc',
  'exact_match',
  'pass@1',
  'pass_at_1',
  'prompt_level_strict_acc',
  'acc_norm',
  'em',
  'is_correct',
  'correct',
];
const notMetrics = new Set([
  ...['doc_id', 'doc', 'target', 'arguments', 'resps', 'filtered_resps', 'filter', 'metrics'],
  ...['doc_hash', 'prompt_hash', 'target_hash', 'fewshot_idx', 'idx', 'sample_len'],
]);

/** Turns the sample lines of one task into results. What the first line shows (filter, verdict's metric) holds for all. */
export class LmEvalTask {
  readonly name: string;
  readonly filters: string[] = [];
  filter: string | null;
  verdictMetric: string | null = null;
  decoding: Partial<DecodingSettings> | null = null;
  readonly kinds = new Set<LmEvalSample['kind']>();
  /** Metric that serves as score where there is no log-probability. */
  scoreMetric: string | null = null;
  /** A metric that falls with goodness is negated. */
  #scoreSign = 1;
  #settled = false;
  readonly #higherIsBetter: unknown;
  readonly #config: unknown;

  /** `results`: the harness's results file, or undefined when there is none beside the samples. */
  constructor(name: string, results: unknown, filter: string | undefined) {
    this.name = name;
    this.filter = filter ?? null;
    this.#higherIsBetter = own(own(results, 'higher_is_better'), name);
    this.#config = own(own(results, 'configs'), name);
  }

  map(record: unknown): Mapped<SampleResult> {
    const docId = asId(own(record, 'doc_id'), 'doc_id');
    if (docId === null) throw new Misfit('missing-field', '“doc_id” is missing.', 'doc_id');
    if (!this.#isChosenFilter(record)) {
      return { leftOut: `{n} samples of filters other than “${this.filter ?? ''}” of ${this.name} were left out.` };
    }
    const metrics = readMetrics(record);
    const sample = readLmEvalSample(record);
    this.#settle(metrics, record, sample);
    this.kinds.add(sample.kind);
    const row: SampleResult = {
      sampleId: '',
      prompt: sample.prompt,
      output: sample.output,
      score: this.#score(sample, metrics),
      verdict: this.#verdict(metrics),
      slices: [this.name],
    };
    if (sample.target !== undefined) row.target = sample.target;
    const others = metricsWithout(metrics, this.verdictMetric);
    if (others !== undefined) row.metrics = others;
    return { row, id: `${this.name}/${docId}` };
  }

  #isChosenFilter(record: unknown): boolean {
    const value = own(record, 'filter');
    const filter = typeof value === 'string' ? value : 'none';
    if (!this.filters.includes(filter)) this.filters.push(filter);
    this.filter ??= filter;
    return filter === this.filter;
  }

  #settle(metrics: Record<string, number>, record: unknown, sample: LmEvalSample): void {
    if (this.#settled) return;
    this.#settled = true;
    const isBinary = (name: string): boolean => metrics[name] === 0 || metrics[name] === 1;
    const names = Object.keys(metrics);
    this.verdictMetric =
      verdictMetrics.find(isBinary) ??
      names.find((name) => typeof own(record, name) === 'boolean') ??
      names.find((name) => isBinary(name) && /acc|match|correct|pass/i.test(name)) ??
      null;
    this.#settleScore(names);
    if (sample.kind === 'generation')
      this.decoding = decodingOf(sample.settings ?? own(this.#config, 'generation_kwargs'));
  }

  #settleScore(names: string[]): void {
    const direction = (name: string): unknown => own(this.#higherIsBetter, name);
    const others = names.filter((name) => name !== this.verdictMetric);
    this.scoreMetric = others.find((name) => direction(name) === true) ?? this.verdictMetric ?? others[0] ?? null;
    this.#scoreSign = this.scoreMetric !== null && direction(this.scoreMetric) === false ? -1 : 1;
  }

  #score(sample: LmEvalSample, metrics: Record<string, number>): number | null {
    if (sample.kind === 'loglikelihood' || sample.kind === 'rolling') return sample.targetLogProb;
    if (sample.targetLogProb !== null) return sample.targetLogProb;
    const value = this.scoreMetric === null ? undefined : metrics[this.scoreMetric];
    return value === undefined ? null : this.#scoreSign * value;
  }

  #verdict(metrics: Record<string, number>): Verdict | null {
    const value = this.verdictMetric === null ? undefined : metrics[this.verdictMetric];
    return value === 1 ? 'right' : value === 0 ? 'wrong' : null;
  }

  scoreMeaning(): string {
    if (this.kinds.has('loglikelihood')) return 'log-probability of the target, in nats';
    if (this.kinds.has('rolling')) return 'log-probability of the text, in nats';
    if (this.kinds.has('choice')) return 'log-probability of the right option, in nats';
    return this.scoreMetric === null ? 'none' : `metric ${this.#scoreSign === -1 ? 'minus ' : ''}${this.scoreMetric}`;
  }
}

/** Every number the harness computed for the sample. */
function readMetrics(record: unknown): Record<string, number> {
  const metrics = newMetrics();
  const listed = own(record, 'metrics');
  const names = Array.isArray(listed)
    ? listed.filter((name): name is string => typeof name === 'string')
    : isPlainObject(record)
      ? Object.keys(record).filter((name) => !notMetrics.has(name))
      : [];
  for (const name of names) addMetric(metrics, name, own(record, name));
  return metrics;
}

/** The harness's generation settings, as far as they are the workbench's. Without sampling the temperature is 0. */
function decodingOf(settings: unknown): Partial<DecodingSettings> | null {
  if (!isPlainObject(settings)) return null;
  const number = (...names: string[]): number | undefined =>
    names.map((name) => own(settings, name)).find((value): value is number => typeof value === 'number');
  const samples = own(settings, 'do_sample') === true;
  const topP = number('top_p');
  const topK = number('top_k');
  const maxNewTokens = number('max_gen_toks', 'max_new_tokens', 'max_tokens');
  const until = own(settings, 'until');
  const stop = (Array.isArray(until) ? until : [until]).filter((text): text is string => typeof text === 'string');
  return {
    temperature: samples ? (number('temperature') ?? 1) : 0,
    ...(topP === undefined ? {} : { topP }),
    ...(topK === undefined ? {} : { topK }),
    ...(maxNewTokens === undefined ? {} : { maxNewTokens }),
    ...(stop.length === 0 ? {} : { stop }),
  };
}
