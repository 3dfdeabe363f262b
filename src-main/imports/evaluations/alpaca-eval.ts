import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { contentId } from '../../content-hash.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { own } from '../field-path.ts';
import { IdLedger } from '../id-ledger.ts';
import type { Description, ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { RawRecord, RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import { type AlpacaEvalFiles, preferredAnnotators } from '../sources/alpaca-eval-files.ts';
import { asNumber, asOptionalText, asText } from '../values.ts';
import { newMetrics } from './metrics.ts';
import { overlay, resultPlan } from './mapped.ts';

const tie = 1.5;

/**
 * AlpacaEval: an annotator's verdicts on a model's outputs against a baseline's. The instruction, with its input, is the
 * prompt, the dataset a slice; ids are made of these, so that two models pair whatever the order of their files. Where a file
 * holds the verdicts of several annotators, or on several models, one of each is taken: by name, never by who comes first.
 */
export function planAlpacaEval(
  source: AlpacaEvalFiles,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  const files = [source.annotations?.file, source.outputs?.file];
  const taken = new AlpacaTaken(source, variant);
  return {
    ...resultPlan(mapping),
    format: 'alpaca-eval',
    identity: identityOf,
    totalBytes: files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0),
    records: (session) => readBoth(source, session, taken),
    mapRecord: (record): Mapped<SampleResult> => {
      const leftOut = taken.refuses(record);
      if (leftOut !== null) return { leftOut };
      taken.note(record);
      const row = readRow(record);
      return { row, id: overlay(row, record, mapping, null), identity: identityTexts(record) };
    },
    describe: () => taken.describe(),
  };
}

/** What a source holds, and what of it is taken. */
class AlpacaTaken {
  readonly #source: AlpacaEvalFiles;
  readonly #variant: string | undefined;
  readonly #annotators = new Set<string>();
  readonly #models = new Set<string>();
  readonly #baselines = new Set<string>();
  #annotator: string | null = null;
  #model: string | null = null;

  constructor(source: AlpacaEvalFiles, variant: string | undefined) {
    this.#source = source;
    this.#variant = variant;
  }

  /** Looks at a record before any is taken. */
  survey(record: unknown): void {
    const annotator = annotatorOf(record);
    if (annotator !== null) this.#annotators.add(annotator);
    const model = modelOf(record);
    if (model !== null) this.#models.add(model);
  }

  settle(): void {
    this.#annotator = choose(this.#annotators, this.#variant);
    this.#model = choose(this.#models, this.#variant);
  }

  refuses(record: unknown): string | null {
    const annotator = annotatorOf(record);
    if (annotator !== null && this.#annotator !== null && annotator !== this.#annotator)
      return `{n} verdicts of annotators other than ${this.#annotator} were left out.`;
    const model = modelOf(record);
    if (model !== null && this.#model !== null && model !== this.#model)
      return `{n} records of models other than ${this.#model} were left out.`;
    return null;
  }

  note(record: unknown): void {
    const baseline = own(record, 'generator_1');
    if (typeof baseline === 'string' && this.#baselines.size < 10) this.#baselines.add(baseline);
  }

  describe(): Partial<Description> {
    const annotator = this.#source.annotations?.annotator ?? this.#annotator;
    const baseline = [...this.#baselines].join(', ');
    const variants = [
      ...this.#source.annotators,
      ...(this.#annotators.size > 1 ? this.#annotators : []),
      ...(this.#models.size > 1 ? this.#models : []),
    ];
    return {
      tool: { name: 'alpaca_eval', version: null },
      tasks: ['alpaca_eval'],
      models: this.#model === null ? [] : [this.#model],
      verdictFrom: `Preference of ${this.#annotator ?? annotator ?? 'the annotator'} against ${baseline === '' ? 'the baseline' : baseline}: above 1.5 is a win.`,
      scoreMeaning: 'Preference − 1: 1 is a sure win, 0 a sure loss, 0.5 a tie.',
      variant: annotator,
      variants: variants.length === 0 && annotator !== null ? [annotator] : [...new Set(variants)],
      measure: { annotator, baseline: baseline === '' ? null : baseline },
      notes: this.#source.notes,
    };
  }
}

/** An annotator's name; people are numbered (AlpacaFarm's cross-annotations have \`annotator_index\`). */
function annotatorOf(record: unknown): string | null {
  const name = own(record, 'annotator');
  const index = own(record, 'annotator_index');
  const number = typeof index === 'number' ? `#${index}` : '';
  if (typeof name === 'string' && name !== '') return `${name}${number}`;
  return number === '' ? null : `annotator ${number}`;
}

function modelOf(record: unknown): string | null {
  const model = own(record, 'generator_2') ?? own(record, 'generator');
  return typeof model === 'string' && model !== '' ? model : null;
}

/** The one that was asked for, else a usual one, else the first in order of names; null where there is none. */
function choose(found: ReadonlySet<string>, wanted: string | undefined): string | null {
  if (wanted !== undefined && found.has(wanted)) return wanted;
  return preferredAnnotators.find((name) => found.has(name)) ?? [...found].toSorted()[0] ?? null;
}

/** Annotations first, then the outputs that nobody judged. */
async function* readBoth(source: AlpacaEvalFiles, session: ReadSession, taken: AlpacaTaken): RecordBatches {
  const judged = new IdLedger();
  if (source.annotations !== null) {
    const { file, layout } = source.annotations;
    for await (const batch of readRecords(file.path, file.name, layout, session.scratch())) {
      for (const record of batch) if ('value' in record) taken.survey(record.value);
      yield [];
    }
    taken.settle();
    for await (const batch of readRecords(file.path, file.name, layout, session)) {
      for (const record of batch) if ('value' in record) judged.add(contentId(identityTexts(record.value)));
      yield batch;
    }
  }
  if (source.outputs === null) return;
  const { file, layout } = source.outputs;
  for await (const batch of readRecords(file.path, file.name, layout, session)) {
    yield batch.filter(
      (record: RawRecord) => 'problem' in record || !judged.has(contentId(identityTexts(record.value))),
    );
  }
}

/** What tells instructions apart: the input next to one belongs to it. */
function identityTexts(record: unknown): (string | undefined)[] {
  const input = inputOf(record);
  const dataset = asOptionalText(own(record, 'dataset'));
  const instruction = asOptionalText(own(record, 'instruction')) ?? '';
  return [instruction, dataset === null || dataset === '' ? undefined : dataset, ...(input === '' ? [] : [input])];
}

function identityOf(row: SampleResult): (string | undefined)[] {
  return [row.prompt, row.slices?.[0]];
}

function inputOf(record: unknown): string {
  return asOptionalText(own(record, 'input'))?.trim() ?? '';
}

function readRow(record: unknown): SampleResult {
  const dataset = asOptionalText(own(record, 'dataset'));
  const preference = asNumber(own(record, 'preference'), 'preference');
  const row: SampleResult = {
    sampleId: '',
    prompt: promptOf(record),
    output: asOptionalText(own(record, 'output_2') ?? own(record, 'output')),
    ...judge(preference),
  };
  if (dataset !== null && dataset !== '') row.slices = [dataset];
  if (preference !== null) row.metrics = Object.assign(newMetrics(), { preference });
  return row;
}

/** Instruction and input, joined by a blank line as AlpacaEval's own prompts do. */
function promptOf(record: unknown): string {
  const instruction = asText(own(record, 'instruction'), 'instruction');
  const input = inputOf(record);
  return input === '' ? instruction : `${instruction}\n\n${input}`;
}

/** 1 = baseline wins, 2 = model wins, between them the annotator's weight; 0 and 1.5 are ties, null is missing. */
function judge(preference: number | null): { score: number | null; verdict: Verdict | null } {
  if (preference === null) return { score: null, verdict: null };
  if (preference === 0 || preference === tie) return { score: 0.5, verdict: 'tie' };
  if (preference < 1 || preference > 2) {
    throw new Misfit(
      'out-of-range',
      `The preference is ${preference}; it must be 0 (tie), or from 1 to 2.`,
      'preference',
    );
  }
  return { score: preference - 1, verdict: preference > tie ? 'right' : 'wrong' };
}
