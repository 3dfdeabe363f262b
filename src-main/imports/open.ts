import { assertNever, WorkbenchError } from '../shared/domain/errors.ts';
import type { DatasetRow } from '../shared/domain/datasets.ts';
import type { SampleResult, SuiteItem, SuiteKind } from '../shared/domain/evaluations.ts';
import { planDataset } from './datasets/plan.ts';
import { planAlpacaEval } from './evaluations/alpaca-eval.ts';
import { planHelm } from './evaluations/helm.ts';
import { planInspect } from './evaluations/inspect.ts';
import { planLighteval } from './evaluations/lighteval.ts';
import { planLmEval } from './evaluations/lm-eval.ts';
import { planMappedEvaluation } from './evaluations/mapped.ts';
import { planOpencompass } from './evaluations/opencompass.ts';
import { planOwnEvaluation } from './evaluations/own-evaluation.ts';
import { planPromptfoo } from './evaluations/promptfoo.ts';
import { planSweBenchFile } from './evaluations/swe-bench.ts';
import { planTracker } from './evaluations/tracker.ts';
import { acceptedFields, type FieldMap, formatFieldMap } from './field-map.ts';
import { isPlainObject, own } from './field-path.ts';
import { type ImportPlan, ImportStream } from './import-stream.ts';
import { type InspectedSource, inspectSource } from './inspect-source.ts';
import { readRecords } from './records/read-records.ts';
import type { Layout, RecordBatches } from './records/record.ts';
import { ReadSession } from './session.ts';
import { alpacaEvalFolder, type AlpacaEvalFiles } from './sources/alpaca-eval-files.ts';
import type { SourceFile } from './sources/files.ts';
import { helmFile } from './sources/helm-files.ts';
import { lightevalFile } from './sources/lighteval-files.ts';
import { lmEvalFile, lmEvalFolder } from './sources/lm-eval-files.ts';
import { opencompassFile } from './sources/opencompass-files.ts';
import { planSuite } from './suites/plan.ts';
import {
  type Container,
  containers,
  datasetFormats,
  type Detection,
  evaluationFormats,
  type ImportFormat,
  type ImportOptions,
  type ImportPurpose,
} from './types.ts';

export interface SuiteImportOptions extends ImportOptions {
  kind: SuiteKind;
}

/** What a source is, by content: its format, its container, the fields a mapping can name. Reads no more than its beginning. */
export async function detectFormat(
  path: string,
  options: ImportOptions & { purpose?: ImportPurpose; kind?: SuiteKind } = {},
): Promise<Detection> {
  return (await inspectSource(path, options)).detection;
}

/** Training rows out of a file. @throws WorkbenchError when the source as a whole cannot be read that way. */
export async function openDatasetImport(path: string, options: ImportOptions = {}): Promise<ImportStream<DatasetRow>> {
  checkFormat(options.format, [...datasetFormats, ...containers]);
  const source = await inspectSource(path, { ...options, purpose: 'dataset' });
  const parts = [{ source, layout: fileLayout(source) }];
  for (const more of options.moreFiles ?? []) {
    const next = await inspectSource(more, { ...options, purpose: 'dataset' });
    parts.push({ source: next, layout: fileLayout(next) });
  }
  const plan = planDataset(
    source.detection.format,
    mapFor(source, options),
    parts.reduce((bytes, part) => bytes + part.source.file.bytes, 0),
    (session) => recordsOfAll(parts, session),
  );
  return streamOf(plan, options);
}

/** Results per sample out of a file, a folder or an archive that an evaluation tool wrote. */
export async function openEvaluationImport(
  path: string,
  options: ImportOptions = {},
): Promise<ImportStream<SampleResult>> {
  checkFormat(options.format, [...evaluationFormats, ...containers]);
  const source = await inspectSource(path, { ...options, purpose: 'evaluation' });
  return streamOf(await planEvaluation(source, options), options);
}

/** Items of a suite out of a file. */
export async function openSuiteImport(path: string, options: SuiteImportOptions): Promise<ImportStream<SuiteItem>> {
  checkFormat(options.format, containers);
  const source = await inspectSource(path, { ...options, purpose: 'suite' });
  const layout = fileLayout(source);
  const map = mapFor(source, options, options.kind);
  return streamOf(planSuite(options.kind, source, layout, map, recordsOf(source, layout)), options);
}

/** A plan, ready to be read. */
export function streamOf<Row extends object>(plan: ImportPlan<Row>, options: ImportOptions): ImportStream<Row> {
  return new ImportStream(plan, options, new ReadSession({ limits: options.limits, signal: options.signal }));
}

async function planEvaluation(source: InspectedSource, options: ImportOptions): Promise<ImportPlan<SampleResult>> {
  const { file, files, layout, detection } = source;
  const map = mapFor(source, options);
  const format = detection.format;
  switch (format) {
    case 'lm-eval': {
      const found = layout === null ? lmEvalFolder(files, plainLayout('jsonl')) : await lmEvalFile(file, layout);
      return planLmEval(found, map, options.variant);
    }
    case 'alpaca-eval':
      return planAlpacaEval(
        layout === null
          ? alpacaEvalFolder(files, plainLayout('json'), options.variant)
          : singleAlpacaFile(file, layout),
        map,
        options.variant,
      );
    case 'inspect':
      if (layout === null && source.archiveHeader === null) throw severalLogs(source);
      return planInspect(file, layout, source.archiveHeader, map, options.variant);
    case 'promptfoo':
      return planPromptfoo(file, fileLayout(source), map, options.variant);
    case 'lighteval':
      requireFile(source);
      return planLighteval(await lightevalFile(file), map, options.variant);
    case 'opencompass':
      requireFile(source);
      return planOpencompass(await opencompassFile(file), fileLayout(source), map, options.variant);
    case 'helm':
      requireFile(source);
      return planHelm(await helmFile(file), fileLayout(source), map, options.variant);
    case 'swe-bench':
      requireFile(source);
      return planSweBenchFile(file, fileLayout(source), map);
    case 'langsmith':
    case 'langfuse':
    case 'braintrust':
      return planTracker(format, file, fileLayout(source), map, options.variant);
    case 'flipguard':
      return planOwnEvaluation(file.bytes, map, recordsOf(source, fileLayout(source)));
    case 'jsonl':
    case 'json':
    case 'csv':
    case 'parquet':
      return planMappedEvaluation(
        format,
        map,
        file.bytes,
        recordsOf(source, fileLayout(source)),
        // Programs that write a semicolon between fields do so because the comma is in their numbers.
        layout?.container === 'csv' && layout.delimiter === ';' ? 'comma' : 'point',
      );
    case 'trl':
    case 'unpaired':
    case 'sharegpt':
    case 'alpaca':
    case 'prompt-completion':
    case 'language-modeling':
    case 'prompt-only':
      throw new WorkbenchError('bad-input', `${file.name} is a dataset (${format}), not an evaluation.`, {
        place: { file: file.name },
      });
    default:
      return assertNever(format);
  }
}

/** Of a folder each part is opened by itself, also where it has only one. */
function requireFile({ file, files, layout }: InspectedSource): void {
  if (layout !== null) return;
  throw new WorkbenchError('bad-input', `The folder ${file.name} holds several evaluations (${files.length} files).`, {
    remedy: 'Import one of its files, or the folder as a whole.',
    place: { file: file.name },
  });
}

function severalLogs({ file, files }: InspectedSource): WorkbenchError {
  return new WorkbenchError('bad-input', `The folder ${file.name} holds ${files.length} Inspect logs.`, {
    remedy: `Import one of them: ${files.map(({ name }) => name).join(', ')}.`,
    place: { file: file.name },
  });
}

/** A file alone: annotations hold both outputs, so nothing else is needed. */
function singleAlpacaFile(file: SourceFile, layout: Layout): AlpacaEvalFiles {
  return { annotations: { file, layout, annotator: null }, outputs: null, annotators: [], notes: [] };
}

/** Files that a tool wrote under fixed names are of one layout; the name's ending tells the compression. */
export function plainLayout(container: 'jsonl' | 'json'): (file: SourceFile) => Layout {
  return ({ name }) => {
    const compression = name.endsWith('.gz') ? 'gzip' : name.endsWith('.zst') ? 'zstd' : 'none';
    return container === 'json' ? { container, compression, arrayPath: [] } : { container, compression };
  };
}

function recordsOf(source: InspectedSource, layout: Layout): (session: ReadSession) => RecordBatches {
  return (session) => readAndNote(source, layout, session);
}

/** Lists of records next to the one that is read (the other splits of a data set, say) are named, not passed over. */
async function* readAndNote({ file }: InspectedSource, layout: Layout, session: ReadSession): RecordBatches {
  let around: unknown = null;
  yield* readRecords(file.path, file.name, layout, session, (header) => (around = header));
  if (layout.container !== 'json' || layout.arrayPath.length !== 1 || !isPlainObject(around)) return;
  const [taken] = layout.arrayPath;
  const others = Object.keys(around).filter((name) => name !== taken && isListOfObjects(own(around, name)));
  if (others.length === 0) return;
  session.note(
    `Of ${file.name} the list “${taken}” was read; ${others.map((name) => `“${name}”`).join(', ')} next to it ${others.length === 1 ? 'was' : 'were'} not. Write each into a file of its own to import it.`,
  );
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.length > 0 && value.every(isPlainObject);
}

async function* recordsOfAll(
  parts: readonly { source: InspectedSource; layout: Layout }[],
  session: ReadSession,
): RecordBatches {
  for (const { source, layout } of parts) yield* recordsOf(source, layout)(session);
}

function fileLayout(source: InspectedSource): Layout {
  if (source.layout !== null) return source.layout;
  throw new WorkbenchError(
    'bad-input',
    `${source.file.name} holds an evaluation (${source.detection.format}); a single file of records is needed.`,
    {
      place: { file: source.file.name },
    },
  );
}

/**
 * The mapping to read by: the one given, else for a generic container the guess, if it rests on canonical names alone.
 * @throws WorkbenchError with the guess and the fields there are, when a mapping is needed.
 */
function mapFor(source: InspectedSource, options: ImportOptions, kind?: SuiteKind): FieldMap {
  const { detection, file, fault } = source;
  const isGeneric = containers.some((container: Container) => container === detection.format);
  const given = options.map ?? {};
  if (!isGeneric || Object.values(given).some((path) => path !== null)) return given;
  if (!detection.needsMap || kind !== undefined) return { ...detection.suggestedMap, ...given };
  if (detection.fields.length === 0 && fault !== undefined) {
    throw new WorkbenchError('bad-input', `${file.name} has no record that can be read: ${fault}`, {
      remedy: 'Correct that line, or write the file again.',
      place: { file: file.name },
    });
  }
  if (detection.fields.length === 0) {
    throw new WorkbenchError('bad-input', `${file.name} holds no records: there is nothing to import.`, {
      remedy: 'Look whether it was written to its end, or take another file.',
      place: { file: file.name },
    });
  }
  const guess = formatFieldMap(detection.suggestedMap);
  throw new WorkbenchError('bad-input', `${file.name} has no known tool’s layout: a mapping is needed.`, {
    remedy: `Map ${acceptedFields(detection.purpose, kind).join(', ')} to the fields there are: ${detection.fields.join(', ')}.${guess === '' ? '' : ` For example: ${guess}`}`,
    place: { file: file.name },
  });
}

function checkFormat(format: ImportOptions['format'], accepted: readonly ImportFormat[]): void {
  if (format === undefined || format === 'auto' || accepted.includes(format)) return;
  throw new WorkbenchError('bad-input', `The format ${format} does not fit here.`, {
    remedy: `Accepted are auto, ${accepted.join(', ')}.`,
  });
}
