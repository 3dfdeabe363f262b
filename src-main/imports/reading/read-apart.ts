import { statSync } from 'node:fs';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { SampleResult, SuiteItem } from '../../shared/domain/evaluations.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import type { SuiteImportOptions } from '../open.ts';
import type { EvaluationLabel } from '../parts.ts';
import type { PreviewOptions } from '../preview.ts';
import type { Found, OwnSigns } from '../recognise/found.ts';
import type { ImportEntry, ImportMetadata, ImportOptions, ImportPreview } from '../types.ts';
import type { ReadRequest } from './messages.ts';
import { readingLimits, Reader } from './reader.ts';
import type { ReadingLimits } from './reader.ts';

/** Rows of a source that is read in a process of its own; as an `ImportStream` to whoever takes them. */
export interface RowStream<Row> {
  /** To be iterated once. Leaving it early ends the process. */
  batches(): AsyncGenerator<ImportEntry<Row>[], void, undefined>;
  /** As of the last batch that was taken; complete after the last one. */
  metadata(): ImportMetadata;
}

export function readDataset(
  path: string,
  options: ImportOptions,
  limits?: ReadingLimits,
): Promise<RowStream<DatasetRow>> {
  return openStream<DatasetRow>(path, options, (sent) => ({ what: 'dataset', path, options: sent }), limits);
}

export function readEvaluation(
  path: string,
  options: ImportOptions,
  limits?: ReadingLimits,
): Promise<RowStream<SampleResult>> {
  return openStream<SampleResult>(path, options, (sent) => ({ what: 'evaluation', path, options: sent }), limits);
}

/** The evaluations of a source, each read in a process of its own: a folder may hold several tasks and models. */
export async function readEvaluationParts(
  path: string,
  options: ImportOptions,
  limits: ReadingLimits = readingLimits,
): Promise<(EvaluationLabel & { open: () => Promise<RowStream<SampleResult>> })[]> {
  if (!isFolder(path)) return [{ model: null, task: null, open: () => readEvaluation(path, options, limits) }];
  const { signal, onProgress, ...sent } = options;
  const reader = new Reader({ what: 'parts', path, options: sent }, { signal, onProgress }, limits);
  try {
    const answer = await reader.next();
    if (answer.type !== 'parts') throw new Error(`a question for parts was answered with ${answer.type}`);
    return answer.parts.map((label, part) => ({
      ...label,
      open: () =>
        openStream<SampleResult>(path, options, (own) => ({ what: 'evaluation', path, options: own, part }), limits),
    }));
  } finally {
    await reader.end();
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

export function readSuite(
  path: string,
  options: SuiteImportOptions,
  limits?: ReadingLimits,
): Promise<RowStream<SuiteItem>> {
  const { kind } = options;
  return openStream<SuiteItem>(path, options, (sent) => ({ what: 'suite', path, options: { ...sent, kind } }), limits);
}

/** As `previewImport`, in a process of its own. */
export async function readPreview(
  path: string,
  { signal, onProgress, ...options }: PreviewOptions,
  rows?: number,
  limits: ReadingLimits = readingLimits,
): Promise<ImportPreview<object>> {
  const reader = new Reader({ what: 'preview', path, options, rows }, { signal, onProgress }, limits);
  try {
    const answer = await reader.next();
    if (answer.type === 'preview') return answer.preview;
    throw new Error(`a preview was answered with ${answer.type}`);
  } finally {
    await reader.end();
  }
}

/** A report's HTML or JSON, in a process of its own. */
export async function readReport(path: string, limits: ReadingLimits = readingLimits): Promise<ReportModel> {
  const reader = new Reader({ what: 'report', path }, {}, limits);
  try {
    const answer = await reader.next();
    if (answer.type === 'report') return answer.report;
    throw new Error(`a report was answered with ${answer.type}`);
  } finally {
    await reader.end();
  }
}

/** As `recogniseAll`, in a process of its own. */
export async function readRecognised(
  paths: readonly string[],
  signs: OwnSigns,
  limits: ReadingLimits = readingLimits,
): Promise<Found[]> {
  const reader = new Reader({ what: 'recognise', path: paths[0] ?? '', paths, signs }, { signal: undefined }, limits);
  try {
    const answer = await reader.next();
    if (answer.type === 'recognised') return answer.found;
    throw new Error(`a question for what there is was answered with ${answer.type}`);
  } finally {
    await reader.end();
  }
}

async function openStream<Row>(
  path: string,
  { signal, onProgress, ...sent }: ImportOptions,
  requestOf: (sent: Omit<ImportOptions, 'signal' | 'onProgress'>) => ReadRequest,
  limits: ReadingLimits = readingLimits,
): Promise<RowStream<Row>> {
  const reader = new Reader(requestOf(sent), { signal, onProgress }, limits);
  try {
    const opened = await reader.next();
    if (opened.type !== 'opened') throw new Error(`opening ${path} was answered with ${opened.type}`);
    return new ReadApart<Row>(reader, opened.metadata);
  } catch (error) {
    await reader.end();
    throw error;
  }
}

class ReadApart<Row> implements RowStream<Row> {
  readonly #reader: Reader;
  #metadata: ImportMetadata;

  constructor(reader: Reader, metadata: ImportMetadata) {
    this.#reader = reader;
    this.#metadata = metadata;
  }

  metadata(): ImportMetadata {
    return this.#metadata;
  }

  async *batches(): AsyncGenerator<ImportEntry<Row>[], void, undefined> {
    try {
      for (;;) {
        const message = await this.#reader.next();
        if ('metadata' in message) this.#metadata = message.metadata;
        if (message.type === 'done') return;
        // Rows are of the kind that was asked for: the reader runs the same functions.
        if (message.type === 'batch') yield message.entries as ImportEntry<Row>[];
        this.#reader.took();
      }
    } finally {
      await this.#reader.end();
    }
  }
}
