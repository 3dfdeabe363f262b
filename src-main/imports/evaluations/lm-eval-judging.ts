import { OutOfTime, within } from '../../system/deadline.ts';
import { isPlainObject, own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { CannotJudge, compiled, type LmEvalFilter, majorityOf, readFilter } from './lm-eval-filters.ts';
import { without } from './python-regex.ts';

/** The metric by which answers are judged here. */
export const judgedMetric = 'exact_match';
/** For the patterns of one sample's answers. */
const patternsWithinMs = 1000;

/**
 * Judges each of several answers as the harness judges the one it selects: by the filters and settings of `exact_match` that the
 * results file has. The file's own values, of the same filter and of every other that takes the same from an answer (a majority's, too),
 * are the proof: where one of them does not come out, no answer is judged here.
 */
export class LmEvalJudging {
  readonly #filters = new Map<string, LmEvalFilter>();
  readonly #normalise: (text: string) => string;
  readonly #reproduced = new Map<string, number>();
  /** By extraction: why its answers cannot be judged. */
  readonly #faults = new Map<string, string>();
  #most = 1;

  /** @throws CannotJudge where the task's configuration does not say enough. */
  constructor(config: unknown) {
    if (!isPlainObject(config))
      throw new CannotJudge('no results file is next to the samples, which would name filters');
    if (isSet(own(config, 'process_results'))) throw new CannotJudge('the task judges answers by a program of its own');
    if (isSet(own(config, 'doc_to_choice'))) throw new CannotJudge('the task’s targets are choices');
    const metrics = own(config, 'metric_list');
    const entry: unknown = Array.isArray(metrics)
      ? metrics.find((one) => own(one, 'metric') === judgedMetric)
      : undefined;
    if (entry === undefined) throw new CannotJudge(`the task has no metric ${judgedMetric}`);
    this.#normalise = normaliser(entry);
    const listed = own(config, 'filter_list');
    const filters = Array.isArray(listed)
      ? (listed as unknown[])
      : [{ name: 'none', filter: [{ function: 'take_first' }] }];
    const refused: CannotJudge[] = [];
    for (const filter of filters) {
      const name = own(filter, 'name');
      if (typeof name !== 'string') continue;
      try {
        this.#filters.set(name, readFilter(name, own(filter, 'filter')));
      } catch (error) {
        if (!(error instanceof CannotJudge)) throw error;
        refused.push(error);
      }
    }
    const [first] = refused;
    if (this.#filters.size === 0 && first !== undefined) throw first;
  }

  /** Holds one line of the file to what is computed of its answers. */
  check(filterName: string, record: unknown): void {
    const filter = this.#filters.get(filterName);
    if (filter === undefined || this.#faults.has(filter.extraction)) return;
    const answers = answersOf(record);
    this.#most = Math.max(this.#most, answers?.length ?? 0);
    try {
      if (answers === null) throw new CannotJudge('some samples hold answers that are no texts');
      const value = own(record, judgedMetric);
      if (valueOf(value) !== valueOf(this.#value(filter, answers, own(record, 'target')))) {
        throw new CannotJudge(
          `${filterName} judged sample ${String(own(record, 'doc_id'))} otherwise than its filter does here`,
        );
      }
      this.#reproduced.set(filterName, (this.#reproduced.get(filterName) ?? 0) + 1);
    } catch (error) {
      this.#faults.set(filter.extraction, reasonOf(error));
    }
  }

  /** The filters by which each answer can be judged, one for each way of taking something from an answer; the one with most answers first. */
  filters(preferred: readonly string[]): string[] {
    if (this.#most < 2) return [];
    const names = [...this.#reproduced.keys()].filter(
      (name) => !this.#faults.has(this.#filters.get(name)?.extraction ?? ''),
    );
    const rank = (name: string): number => (preferred.includes(name) ? preferred.indexOf(name) : preferred.length);
    const sorted = names.toSorted(
      (a, b) => this.#firstOf(b) - this.#firstOf(a) || rank(a) - rank(b) || (a < b ? -1 : 1),
    );
    const extractionOf = (name: string): string => this.#filters.get(name)?.extraction ?? '';
    return sorted.filter((name, i) => sorted.findIndex((other) => extractionOf(other) === extractionOf(name)) === i);
  }

  /** Whether each of a sample's answers was right, for a filter that `filters` named. */
  judge(filterName: string, record: unknown): { output: string; isRight: boolean }[] {
    const filter = this.#filters.get(filterName);
    const answers = answersOf(record) ?? [];
    if (filter === undefined) return [];
    const target = own(record, 'target');
    // The patterns were seen to be fast on every sample: the limit is for a machine that is very busy now.
    return withinOrMisfit(() =>
      answers
        .slice(0, filter.first)
        .map((output) => ({ output, isRight: this.#isRight(filter.extract(output), target) })),
    );
  }

  /** Of the answers that a filter selects from, the first that says what it selected: a majority's answer is one of them. */
  selected(filterName: string, record: unknown): string | null {
    const filter = this.#filters.get(filterName);
    const answers = answersOf(record);
    if (filter === undefined || answers === null || this.#faults.has(filter.extraction)) return null;
    return withinOrMisfit(() => {
      const taken = answers.slice(0, filter.first).map(filter.extract);
      const chosen = filter.select === 'majority' ? majorityOf(taken) : taken[0];
      return answers[taken.indexOf(chosen ?? '')] ?? null;
    });
  }

  /** “maj@3 on 12 samples”: of which filters the file's own values came out, those that take the same from an answer as this one. */
  proof(filterName: string): [filter: string, samples: number][] {
    const extraction = this.#filters.get(filterName)?.extraction;
    return [...this.#reproduced].filter(([name]) => this.#filters.get(name)?.extraction === extraction);
  }

  /** Why no answers can be judged, where that is so of a filter. */
  fault(filterName: string): string | null {
    const filter = this.#filters.get(filterName);
    if (filter === undefined) return `the results file does not say what the filter “${filterName}” does`;
    return this.#faults.get(filter.extraction) ?? null;
  }

  #firstOf(name: string): number {
    return Math.min(this.#filters.get(name)?.first ?? 0, Number.MAX_SAFE_INTEGER);
  }

  #value({ first, select, extract }: LmEvalFilter, answers: readonly string[], target: unknown): number {
    return within(patternsWithinMs, () => {
      const taken = answers.slice(0, first).map(extract);
      const chosen = select === 'all' ? taken : select === 'first' ? taken.slice(0, 1) : [majorityOf(taken) ?? ''];
      return chosen.filter((text) => this.#isRight(text, target)).length / chosen.length;
    });
  }

  /** Right by one of several targets is right. */
  #isRight(text: string, target: unknown): boolean {
    const said = this.#normalise(text);
    const targets = Array.isArray(target) ? (target as unknown[]) : [target];
    return targets.some((one) => said === this.#normalise(textOf(one)));
  }
}

function withinOrMisfit<T>(work: () => T): T {
  try {
    return within(30 * patternsWithinMs, work);
  } catch (error) {
    if (error instanceof OutOfTime)
      throw new Misfit('out-of-range', 'The filter’s pattern takes too long on the answers.', 'resps');
    throw error;
  }
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

function reasonOf(error: unknown): string {
  if (error instanceof CannotJudge) return error.message;
  if (error instanceof OutOfTime) return 'a pattern of its filters takes too long';
  throw error;
}

/** Numbers as Python writes them, as far as JSON tells. */
function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === true ? 'True' : value === false ? 'False' : String(value);
}

function valueOf(value: unknown): number | null {
  return typeof value === 'number' || typeof value === 'boolean' ? Math.round(Number(value) * 1e9) : null;
}

/** The answers to the one request of a sample; null where it holds something else. */
function answersOf(record: unknown): string[] | null {
  const responses = own(record, 'resps');
  if (!Array.isArray(responses) || responses.length !== 1) return null;
  const [only] = responses as unknown[];
  if (typeof only === 'string') return [only];
  return Array.isArray(only) && only.every((answer) => typeof answer === 'string') ? only : null;
}

const punctuation = /[!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]/g;

/** What `exact_match` does to both texts before it compares them. */
function normaliser(entry: unknown): (text: string) => string {
  const ignored = own(entry, 'regexes_to_ignore');
  const listed = Array.isArray(ignored) ? (ignored as unknown[]) : [];
  const patterns = listed.map((one) => compiled(`the setting regexes_to_ignore of ${judgedMetric}`, String(one)));
  const [noCase, noPunctuation, noNumbers] = ['ignore_case', 'ignore_punctuation', 'ignore_numbers'].map(
    (name) => own(entry, name) === true,
  );
  return (text) => {
    let left = text;
    for (const pattern of patterns) left = without(pattern, left);
    if (noCase === true) left = left.toLowerCase();
    if (noPunctuation === true) left = left.replace(punctuation, '');
    return noNumbers === true ? left.replace(/\d/g, '') : left;
  };
}
