import type { Attempt, DecodingSettings, SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { eachAnswer, type Measure } from '../../shared/domain/measures.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { settled } from '../../shared/domain/attempts.ts';
import { asId } from '../values.ts';
import { judgedMetric, LmEvalJudging } from './lm-eval-judging.ts';
import { readLmEvalMetrics } from './lm-eval-metrics.ts';
import { solvedOf } from './lm-eval-repeats.ts';
import { type LmEvalSample, readLmEvalSample } from './lm-eval-sample.ts';
import { chooseLmEval, filterOf, type LmEvalChoice, type LmEvalSurvey } from './lm-eval-survey.ts';
import { metricsWithout, newMetrics } from './metrics.ts';

/** Turns the sample lines of one task into results, by what a survey of the whole file decided. */
export class LmEvalTask {
  readonly name: string;
  readonly choice: LmEvalChoice;
  readonly filters: string[];
  decoding: Partial<DecodingSettings> | null = null;
  readonly kinds = new Set<LmEvalSample['kind']>();
  repeats = 1;
  /** Answers of a sample that has several and one verdict, at most; 0 where there is none. */
  #judgedAsOne = 0;
  /** A metric that falls with goodness is negated. */
  readonly #scoreSign: 1 | -1;
  readonly #survey: LmEvalSurvey;
  readonly #config: unknown;
  readonly #results: unknown;

  /** `results`: the harness's results file, or undefined when there is none next to the samples. */
  constructor(name: string, results: unknown, survey: LmEvalSurvey, variant: string | undefined) {
    this.name = name;
    const higherIsBetter = own(own(results, 'higher_is_better'), name);
    this.choice = chooseLmEval(survey, name, higherIsBetter, variant);
    this.filters = [...survey.filters.keys()];
    const { scoreMetric } = this.choice;
    this.#scoreSign = scoreMetric !== null && own(higherIsBetter, scoreMetric) === false ? -1 : 1;
    this.#survey = survey;
    this.#config = configOf(results, name);
    this.#results = results;
  }

  get verdictMetric(): string | null {
    return this.choice.verdictMetric;
  }

  map(record: unknown): Mapped<SampleResult> {
    const docId = asId(own(record, 'doc_id'), 'doc_id');
    if (docId === null) throw new Misfit('missing-field', '“doc_id” is missing.', 'doc_id');
    const { filter, verdictMetric } = this.choice;
    if (filterOf(record) !== filter) {
      return { leftOut: `{n} samples of filters other than “${filter}” of ${this.name} were left out.` };
    }
    const metrics = readLmEvalMetrics(record);
    const sample = readLmEvalSample(record, this.#survey.gold);
    this.kinds.add(sample.kind);
    if (sample.kind === 'generation')
      this.decoding ??= decodingOf(sample.settings ?? own(this.#config, 'generation_kwargs'));
    const row: SampleResult = {
      sampleId: '',
      prompt: sample.prompt,
      output: sample.output,
      score: this.#score(sample, metrics),
      verdict: this.#verdict(metrics),
      slices: [this.name],
    };
    if (sample.target !== undefined) row.target = sample.target;
    if (this.choice.isEach) this.#judgeEach(row, record);
    else this.#addAttempts(row, record, sample, metrics);
    const others = withChoice(metricsWithout(metrics, verdictMetric), sample);
    if (others !== undefined) row.metrics = others;
    const fields = fieldsOf(record);
    if (fields !== undefined) row.fields = fields;
    return { row, id: `${this.name}/${docId}` };
  }

  /** Each answer by what the file's own verdicts were seen to come of. */
  #judgeEach(row: SampleResult, record: unknown): void {
    const { judging } = this.#survey;
    if (!(judging instanceof LmEvalJudging)) return;
    const attempts = judging.judge(this.choice.filter, record).map(({ output, isRight }, index): Attempt => ({
      number: index + 1,
      output,
      score: isRight ? 1 : 0,
      verdict: isRight ? 'right' : 'wrong',
    }));
    Object.assign(row, settled(attempts), { attempts });
    this.repeats = Math.max(this.repeats, attempts.length);
  }

  /** Several answers to one prompt: each judged where the metric is a list, else how many of them were right. */
  #addAttempts(row: SampleResult, record: unknown, sample: LmEvalSample, metrics: Record<string, number>): void {
    const { answers } = sample;
    if (answers.length < 2) return;
    const name = this.verdictMetric ?? this.choice.scoreMetric;
    const judged = name === null ? undefined : own(record, name);
    if (Array.isArray(judged) && judged.length === answers.length) {
      row.attempts = answers.map((output, index): Attempt => {
        const value: unknown = judged[index];
        const right = value === true || value === 1;
        const wrong = value === false || value === 0;
        return {
          number: index + 1,
          output,
          score: right ? 1 : wrong ? 0 : typeof value === 'number' && Number.isFinite(value) ? value : null,
          verdict: right ? 'right' : wrong ? 'wrong' : null,
        };
      });
      this.repeats = Math.max(this.repeats, answers.length);
      return;
    }
    const countable = this.#survey.filters.get(this.choice.filter)?.countable === true;
    const right = countable ? solvedOf(metrics, answers.length) : null;
    if (right === null) {
      this.#judgedAsOne = Math.max(this.#judgedAsOne, answers.length);
      const { judging } = this.#survey;
      if (judging instanceof LmEvalJudging) row.output = judging.selected(this.choice.filter, record) ?? row.output;
      return;
    }
    row.solved = { attempts: answers.length, right };
    this.repeats = Math.max(this.repeats, answers.length);
  }

  #score(sample: LmEvalSample, metrics: Record<string, number>): number | null {
    if (sample.kind === 'loglikelihood' || sample.kind === 'rolling') return sample.targetLogProb;
    if (sample.targetLogProb !== null) return sample.targetLogProb;
    const { scoreMetric } = this.choice;
    const value = scoreMetric === null ? undefined : metrics[scoreMetric];
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
    const { scoreMetric } = this.choice;
    return scoreMetric === null ? 'none' : `metric ${this.#scoreSign === -1 ? 'minus ' : ''}${scoreMetric}`;
  }

  /** Where the verdict of each answer comes from. */
  eachFrom(): string {
    return `Each of ${this.repeats} answers by ${judgedMetric}, as the filter ${this.choice.filter} reads it.`;
  }

  /** What was made of several answers to a sample. */
  repeatNotes(): string[] {
    const { filter, isEach, variants } = this.choice;
    const { judging } = this.#survey;
    if (isEach && judging instanceof LmEvalJudging) {
      const proof = judging.proof(filter).map(([name, samples]) => `${name} (${samples.toLocaleString('en-US')})`);
      return [
        `Each answer was judged by ${judgedMetric} as the filter ${filter} reads it; the file’s own verdicts came out the same, by filter and samples: ${proof.join(', ')}.`,
      ];
    }
    if (this.#judgedAsOne === 0) return [];
    const [each] = variants.filter((name) => name.endsWith(`/${eachAnswer}`));
    const start = `Each sample has up to ${this.#judgedAsOne} answers and one verdict, that of ${filter}`;
    if (each !== undefined) return [`${start}; the variant ${each} has a verdict per answer.`];
    const reason = reasonAgainst(judging, filter);
    return [`${start}: single answers are not judged, since ${reason}.`];
  }

  measure(): Partial<Measure> {
    const { filter, verdictMetric, scoreMetric } = this.choice;
    const taskVersion = own(own(this.#results, 'versions'), this.name);
    return {
      metric: verdictMetric ?? scoreMetric,
      filter,
      repeats: this.repeats,
      template: templateOf(this.#results),
      taskVersion: typeof taskVersion === 'number' || typeof taskVersion === 'string' ? String(taskVersion) : null,
    };
  }
}

/** A task's own part of the results file. */
export function configOf(results: unknown, task: string): unknown {
  return own(own(results, 'configs'), task);
}

function reasonAgainst(judging: LmEvalSurvey['judging'], filter: string): string {
  if (judging === null) return 'the results file next to the samples does not say what was asked several times';
  return judging instanceof LmEvalJudging ? (judging.fault(filter) ?? 'they were not all kept') : judging.message;
}

/** The harness names the template's text and its hash; a results file without either was made without a template. */
function templateOf(results: unknown): string | null {
  const hash = own(results, 'chat_template_sha');
  if (typeof hash === 'string' && hash !== '') return hash.slice(0, 12);
  if (!isPlainObject(results)) return null;
  return 'chat_template' in results || 'chat_template_sha' in results ? 'none' : null;
}

/** How many options there were, and how sure the model was of the one it chose: for chance and calibration. */
function withChoice(
  metrics: Record<string, number> | undefined,
  { options, confidence }: LmEvalSample,
): Record<string, number> | undefined {
  if (options === null) return metrics;
  const all = metrics ?? newMetrics();
  all['options'] = options;
  if (confidence !== null) all['confidence'] = confidence;
  return all;
}

const fieldLength = 100;
const mostFields = 12;

/** Short values of the document, by which samples can be paired where ids say nothing; its hash among them. */
function fieldsOf(record: unknown): Record<string, string> | undefined {
  const fields: Record<string, string> = {};
  const hash = own(record, 'doc_hash');
  if (typeof hash === 'string' && hash !== '') fields['doc_hash'] = hash;
  const doc = own(record, 'doc');
  for (const name of isPlainObject(doc) ? Object.keys(doc) : []) {
    if (Object.keys(fields).length >= mostFields) break;
    if (!/(^|_)(id|idx|index|ind|uid|uuid|key|hash)$/i.test(name)) continue;
    const value = own(doc, name);
    if (typeof value === 'string' && value !== '' && value.length <= fieldLength) fields[`doc.${name}`] = value;
    if (typeof value === 'number' && Number.isSafeInteger(value)) fields[`doc.${name}`] = String(value);
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
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
