import { basename } from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import type { SuiteKind } from '../shared/domain/evaluations.ts';
import { detectDatasetFormat } from './datasets/detect.ts';
import { isInspectHeader, readArchiveHeader } from './evaluations/inspect.ts';
import { isLightevalRecord } from './evaluations/lighteval-sample.ts';
import { isOpencompassDetail } from './evaluations/opencompass-detail.ts';
import { isBraintrustRecord } from './evaluations/tracker-braintrust.ts';
import { isLangfuseRecord } from './evaluations/tracker-langfuse.ts';
import { isLangsmithRecord } from './evaluations/tracker-langsmith.ts';
import { fieldPaths, own } from './field-path.ts';
import { firstValues } from './records/read-records.ts';
import type { Layout } from './records/record.ts';
import { bareTextAsRecord } from './row-content.ts';
import { ReadSession, sizeOf } from './session.ts';
import { holdsAlpacaEval } from './sources/alpaca-eval-files.ts';
import { isFolder, listFiles, type SourceFile } from './sources/files.ts';
import { holdsHelm } from './sources/helm-files.ts';
import { holdsLighteval } from './sources/lighteval-files.ts';
import { holdsLmEval, isLmEvalSamplesName } from './sources/lm-eval-files.ts';
import { holdsOpencompass } from './sources/opencompass-files.ts';
import { documentOf, type KnownDocument, looksLikeInspect, looksLikePromptfoo, sniffFile } from './sources/sniff.ts';
import { holdsSweBench } from './sources/swe-bench-files.ts';
import { suggestMap } from './suggest-map.ts';
import {
  type Container,
  containers,
  type Detection,
  type EvaluationFormat,
  evaluationFormats,
  type ImportFormat,
  type ImportOptions,
  type ImportPurpose,
} from './types.ts';

/** What detection leaves for opening: the verdict on the format, and what it has already read. */
export interface InspectedSource {
  detection: Detection;
  file: SourceFile;
  layout: Layout | null;
  /** Files of a folder. */
  files: SourceFile[];
  /** Header of an Inspect archive. */
  archiveHeader: unknown;
  /** The first record that could not be read, in words, where the beginning of a file has one. */
  fault?: string;
}

export interface InspectRequest extends ImportOptions {
  /** Without a purpose, evaluations are tried first, then datasets. */
  purpose?: ImportPurpose;
  kind?: SuiteKind;
}

const sampleRecords = 50;

/** Looks at the beginning of a source and decides how it is to be read. */
export async function inspectSource(path: string, request: InspectRequest = {}): Promise<InspectedSource> {
  const file: SourceFile = { path, name: basename(path), bytes: await sizeOf(path) };
  if (await isFolder(path)) return inspectFolder(file, request);
  const session = new ReadSession({ limits: request.limits, signal: request.signal });
  const format = request.format ?? 'auto';
  const sniffed = await sniffFile(path, asContainer(format), session);
  if (sniffed.container === 'zip') return inspectArchive(file, session);
  const { outline } = sniffed;
  const document = documentOf(outline);
  const layout = layoutFor(sniffed.layout, document);
  const isWhole = document?.entriesAt === null;
  let fault: string | undefined;
  const values = isWhole
    ? []
    : await firstValues(path, layout, sampleRecords, session.scratch(), ({ line, problem }) => {
        fault ??= `line ${line}: ${problem.message}`;
      });
  const known = looksLikeInspect(outline)
    ? found('inspect', 'the document has an Inspect log’s “eval” header')
    : looksLikePromptfoo(outline)
      ? found('promptfoo', 'the document has promptfoo’s “results”')
      : document !== null
        ? found(document.format, document.reason)
        : evaluationOf(path, values);
  const detection = decide(values, layout, known, request);
  return { detection, file, layout, files: [file], archiveHeader: null, ...(fault === undefined ? {} : { fault }) };
}

/** Where a known document has its records. */
function layoutFor(layout: Layout, document: KnownDocument | null): Layout {
  if (layout.container !== 'json' || document === null || document.entriesAt === null) return layout;
  return { ...layout, arrayPath: document.entriesAt, entries: true };
}

interface Found {
  format: ImportFormat;
  purpose: ImportPurpose;
  reason: string;
}

function found(format: ImportFormat, reason: string, purpose: ImportPurpose = 'evaluation'): Found {
  return { format, purpose, reason };
}

function asContainer(format: ImportFormat | 'auto'): Container | undefined {
  return containers.find((container) => container === format);
}

/** Deep enough for the deepest tree: `logs/run_evaluation/<run>/<model>/<instance>/report.json`. */
const folderDepth = 6;

const folderSigns: readonly (readonly [(files: readonly SourceFile[]) => boolean, EvaluationFormat, string])[] = [
  [holdsLmEval, 'lm-eval', 'samples_*.jsonl files'],
  [holdsAlpacaEval, 'alpaca-eval', 'annotations.json'],
  [holdsLighteval, 'lighteval', 'details_*.parquet files'],
  [holdsHelm, 'helm', 'per_instance_stats.json'],
  [holdsSweBench, 'swe-bench', 'report.json of instances'],
  [holdsOpencompass, 'opencompass', 'results/<model>/<dataset>.json'],
];

async function inspectFolder(file: SourceFile, request: InspectRequest): Promise<InspectedSource> {
  const files = await listFiles(file.path, folderDepth);
  const sign = folderSigns.find(([holds]) => holds(files));
  if (sign !== undefined) {
    const detection = wholeSource(found(sign[1], `the folder has ${sign[2]}`));
    return { detection, file, layout: null, files, archiveHeader: null };
  }
  const archives = files.filter(({ name }) => name.endsWith('.eval'));
  const [only] = archives;
  if (only !== undefined && archives.length === 1) return inspectSource(only.path, request);
  if (only === undefined && request.purpose !== undefined && request.purpose !== 'evaluation')
    throw noFolder(file, files, request.purpose);
  if (only === undefined) {
    throw new WorkbenchError(
      'unsupported',
      `The folder ${file.name} holds no tool’s results: neither ${folderSigns.map(([, format, what]) => `${format}’s (${what})`).join(', ')} nor Inspect logs (*.eval).`,
      { remedy: 'Import a single file.', place: { file: file.name } },
    );
  }
  const detection = wholeSource(found('inspect', `the folder has ${archives.length} Inspect logs`));
  return { detection, file, layout: null, files: archives, archiveHeader: null };
}

/** A dataset or a suite is one file; of a folder, its files are named. */
function noFolder(file: SourceFile, files: readonly SourceFile[], purpose: ImportPurpose): WorkbenchError {
  const isSaved = files.some(({ name }) => name.endsWith('.arrow'));
  const names = files
    .map(({ name }) => name)
    .filter((name) => /\.(jsonl?|ndjson|csv|tsv|parquet)(\.gz|\.zst)?$/i.test(name));
  const holds = names.length === 0 ? '' : ` It holds ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}.`;
  return new WorkbenchError('unsupported', `${file.name} is a folder; a ${purpose} is read from one file.${holds}`, {
    remedy: isSaved
      ? 'It was written by save_to_disk: load it in Python and write it with to_parquet("data.parquet").'
      : 'Import one of its files.',
    place: { file: file.name },
  });
}

async function inspectArchive(file: SourceFile, session: ReadSession): Promise<InspectedSource> {
  const header = await readArchiveHeader(file, session);
  if (!isInspectHeader(header)) {
    throw new WorkbenchError('unsupported', `${file.name} is a zip archive, but not an Inspect log.`, {
      place: { file: file.name },
    });
  }
  const detection = wholeSource(found('inspect', 'the archive has an Inspect log’s header'));
  return { detection, file, layout: null, files: [file], archiveHeader: header };
}

/** A folder or an archive: no container, no fields to map. */
function wholeSource({ format, purpose, reason }: Found): Detection {
  return {
    purpose,
    format,
    container: null,
    compression: 'none',
    reason,
    fields: [],
    suggestedMap: {},
    needsMap: false,
  };
}

/** Evaluations that are known by their records. */
function evaluationOf(path: string, values: readonly unknown[]): Found | null {
  const most = (...keys: string[]): boolean =>
    values.length > 0 &&
    values.filter((value) => keys.every((key) => own(value, key) !== undefined)).length * 2 > values.length;
  if (most('sampleId', 'prompt', 'verdict', 'score'))
    return found('flipguard', 'records have this program’s own fields');
  if (most('doc_id') && (most('resps') || most('filtered_resps') || isLmEvalSamplesName(path)))
    return found('lm-eval', 'records have lm-eval’s “doc_id” and responses');
  if (most('instruction', 'generator_2'))
    return found('alpaca-eval', 'records have AlpacaEval’s two outputs of an instruction');
  if (most('instruction', 'output', 'generator'))
    return found('alpaca-eval', 'records have AlpacaEval’s “generator” of an output');
  if (most('testCase', 'success')) return found('promptfoo', 'records have promptfoo’s “testCase” and “success”');
  if (most('instance_id', 'stats')) return found('helm', 'records have HELM’s “instance_id” and “stats”');
  const mostly = (isIt: (value: unknown) => boolean): boolean =>
    values.length > 0 && values.filter(isIt).length * 2 > values.length;
  if (mostly(isLightevalRecord)) return found('lighteval', 'rows have lighteval’s columns');
  if (mostly(isOpencompassDetail)) return found('opencompass', 'records have OpenCompass’s “example_abbr”');
  if (mostly(isLangsmithRecord)) return found('langsmith', 'records have LangSmith’s inputs, outputs and feedback');
  if (mostly(isLangfuseRecord)) return found('langfuse', 'records have Langfuse’s fields');
  if (mostly(isBraintrustRecord)) return found('braintrust', 'records have Braintrust’s input, output and scores');
  return null;
}

function decide(values: readonly unknown[], layout: Layout, known: Found | null, request: InspectRequest): Detection {
  const fields = fieldPaths(values.map(bareTextAsRecord));
  const choice = choose(values, layout, known, request);
  const isGeneric = asContainer(choice.format) !== undefined;
  const { map, isCertain } = suggestMap(fields, choice.purpose, request.kind);
  return {
    ...choice,
    container: layout.container,
    compression: layout.compression,
    fields,
    suggestedMap: isGeneric ? map : {},
    needsMap: isGeneric && !isCertain,
  };
}

function choose(values: readonly unknown[], layout: Layout, known: Found | null, request: InspectRequest): Found {
  const { purpose, format = 'auto' } = request;
  if (format !== 'auto') {
    const isEvaluation = evaluationFormats.some((candidate) => candidate === format);
    return found(format, 'the format was given', purpose ?? (isEvaluation ? 'evaluation' : 'dataset'));
  }
  if (purpose === 'suite') return found(layout.container, 'a suite is read by its fields', 'suite');
  if (known !== null && purpose !== 'dataset') return known;
  const dataset = purpose === 'evaluation' ? null : detectDatasetFormat(values);
  if (dataset !== null) return found(dataset.format, dataset.reason, 'dataset');
  return found(layout.container, 'no known tool’s fields were found', purpose ?? 'evaluation');
}
