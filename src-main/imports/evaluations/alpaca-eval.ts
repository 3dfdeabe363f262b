import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { contentId } from '../../content-hash.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { own } from '../field-path.ts';
import { IdLedger } from '../id-ledger.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { RawRecord, RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { AlpacaEvalFiles } from '../sources/alpaca-eval-files.ts';
import { asNumber, asOptionalText, asText } from '../values.ts';
import { newMetrics } from './metrics.ts';
import { overlay, resultPlan } from './mapped.ts';

const tie = 1.5;

/**
 * AlpacaEval: an annotator's verdicts on a model's outputs against a baseline's. The instruction is the prompt, the
 * dataset a slice; ids are made of both, so that two models pair whatever the order of their files.
 */
export function planAlpacaEval(source: AlpacaEvalFiles, map: FieldMap): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  const said = { models: new Set<string>(), baselines: new Set<string>(), annotators: new Set<string>() };
  const files = [source.annotations?.file, source.outputs?.file];
  return {
    ...resultPlan(mapping),
    format: 'alpaca-eval',
    identity: (row) => [row.prompt, row.slices?.[0]],
    totalBytes: files.reduce((sum, file) => sum + (file?.bytes ?? 0), 0),
    records: (session) => readBoth(source, session),
    mapRecord: (record): Mapped<SampleResult> => {
      note(said.models, own(record, 'generator_2') ?? own(record, 'generator'));
      note(said.baselines, own(record, 'generator_1'));
      note(said.annotators, own(record, 'annotator'));
      const row = readRow(record);
      return { row, id: overlay(row, record, mapping, null) };
    },
    describe: () => ({
      tool: { name: 'alpaca_eval', version: null },
      tasks: ['alpaca_eval'],
      models: [...said.models],
      verdictFrom: `Preference of ${[...said.annotators].join(', ') || 'the annotator'} against ${[...said.baselines].join(', ') || 'the baseline'}: above 1.5 is a win.`,
      scoreMeaning: 'Preference − 1: 1 is a sure win, 0 a sure loss, 0.5 a tie.',
      variant: source.annotations?.annotator ?? null,
      variants: source.annotators,
      notes: source.notes,
    }),
  };
}

function note(seen: Set<string>, value: unknown): void {
  if (typeof value === 'string' && seen.size < 10) seen.add(value);
}

/** Annotations first, then the outputs that nobody judged. */
async function* readBoth(source: AlpacaEvalFiles, session: ReadSession): RecordBatches {
  const judged = new IdLedger();
  if (source.annotations !== null) {
    const { file, layout } = source.annotations;
    for await (const batch of readRecords(file.path, file.name, layout, session)) {
      for (const record of batch) if ('value' in record) judged.add(instructionId(record.value));
      yield batch;
    }
  }
  if (source.outputs === null) return;
  const { file, layout } = source.outputs;
  for await (const batch of readRecords(file.path, file.name, layout, session)) {
    yield batch.filter((record: RawRecord) => 'problem' in record || !judged.has(instructionId(record.value)));
  }
}

function instructionId(record: unknown): string {
  return contentId([
    asOptionalText(own(record, 'instruction')) ?? '',
    asOptionalText(own(record, 'dataset')) ?? undefined,
  ]);
}

function readRow(record: unknown): SampleResult {
  const dataset = asOptionalText(own(record, 'dataset'));
  const preference = asNumber(own(record, 'preference'), 'preference');
  const row: SampleResult = {
    sampleId: '',
    prompt: asText(own(record, 'instruction'), 'instruction'),
    output: asOptionalText(own(record, 'output_2') ?? own(record, 'output')),
    ...judge(preference),
  };
  if (dataset !== null && dataset !== '') row.slices = [dataset];
  if (preference !== null) row.metrics = Object.assign(newMetrics(), { preference });
  return row;
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
