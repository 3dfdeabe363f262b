import type { DecodingSettings } from '../shared/domain/evaluations.ts';
import type { Measure } from '../shared/domain/measures.ts';
import type { FieldMap } from './field-map.ts';
import type { ImportLimits } from './limits.ts';
import type { Problem, ProblemReason } from './problems.ts';

/** What the rows are wanted for. */
export type ImportPurpose = 'dataset' | 'evaluation' | 'suite';

/** How records are laid out in a file. The names double as formats: “read the records as they are, through a mapping”. */
export const containers = ['jsonl', 'json', 'csv', 'parquet'] as const;
export type Container = (typeof containers)[number];
export type Compression = 'none' | 'gzip' | 'zstd';

export const datasetFormats = [
  'trl',
  'unpaired',
  'sharegpt',
  'alpaca',
  'prompt-completion',
  'language-modeling',
  'prompt-only',
] as const;
export type DatasetFormat = (typeof datasetFormats)[number];
export const evaluationFormats = [
  ...(['lm-eval', 'alpaca-eval', 'inspect', 'promptfoo'] as const),
  ...(['lighteval', 'opencompass', 'helm', 'swe-bench'] as const),
  ...(['langsmith', 'langfuse', 'braintrust'] as const),
  'flipguard',
] as const;
export type EvaluationFormat = (typeof evaluationFormats)[number];
export type ImportFormat = DatasetFormat | EvaluationFormat | Container;

/** A row that fits, or a record that does not and why. `line` counts from 1. */
export type ImportEntry<Row> = Place & ({ row: Row } | { problem: Problem });

/**
 * Where a record is. `file` is the name inside the source (the source's own name when it is a file). `line` is the line
 * the record starts on in JSONL, JSON and CSV, the row in Parquet, and the sample's ordinal in an archive.
 */
export interface Place {
  file: string;
  line: number;
}

export interface ImportProgress {
  /** Bytes read from disk, before decompression. */
  bytesRead: number;
  totalBytes: number;
  rows: number;
  problems: number;
}

export interface ImportOptions {
  /** `auto` (the default) decides by content. */
  format?: ImportFormat | 'auto';
  /** Needed by generic containers; with a known format it replaces what the format would have taken, field by field. */
  map?: FieldMap;
  /** Stop at the first record that does not fit, with a `WorkbenchError` that names it. */
  strict?: boolean;
  /**
   * Which of several results of one sample to take: lm-eval's filter, AlpacaEval's annotator, Inspect's scorer,
   * promptfoo's provider. What there is comes in `metadata().variants`.
   */
  variant?: string;
  /** Paths of further files of the same kind, read after the first as if all were one (a data set in parts). */
  moreFiles?: readonly string[];
  /** The source is one of several that are read alike: it may lack the variant, and is then read as usual. */
  variantMayLack?: boolean;
  signal?: AbortSignal;
  /** Called after each batch of records. */
  onProgress?: (progress: ImportProgress) => void;
  limits?: Partial<ImportLimits>;
}

/** A file that was read, for provenance. `sha256` is null when reading ended before the file did. */
export interface ProvenanceFile {
  name: string;
  bytes: number;
  sha256: string | null;
}

/** What an import says of itself, complete once its rows have been read. */
export interface ImportMetadata {
  purpose: ImportPurpose;
  format: ImportFormat;
  files: ProvenanceFile[];
  /** The program that wrote the source, where it says so. */
  tool: { name: string; version: string | null } | null;
  tasks: string[];
  models: string[];
  /** As far as the source tells; null when it does not, and for log-likelihood tasks. */
  decoding: Partial<DecodingSettings> | null;
  /** Where ids come from: the source's own field, or `contentId` of prompt and target. Decides what pairs with what. */
  ids: 'source' | 'content';
  /** A sentence on where the verdict comes from, and one on what the score is. */
  verdictFrom: string | null;
  scoreMeaning: string | null;
  /** The variant taken, and all that were seen. */
  variant: string | null;
  variants: string[];
  rows: number;
  problems: number;
  /** Sentences on what was left out, replaced or assumed. */
  notes: string[];
  /** What judged the samples, as it is stored with the evaluation. */
  measure: Measure;
  /** The source was read to its end. */
  complete: boolean;
}

export interface Detection {
  purpose: ImportPurpose;
  format: ImportFormat;
  /** Null for a folder or an archive. */
  container: Container | null;
  compression: Compression;
  /** A sentence: what in the content decided. */
  reason: string;
  /** Dotted paths of the first records: what a mapping can name. */
  fields: string[];
  suggestedMap: FieldMap;
  /** The format needs a mapping and the fields' names do not give it away. */
  needsMap: boolean;
}

export interface ProblemCount {
  reason: ProblemReason;
  count: number;
  /** The first few, in order. */
  first: (Place & { message: string; field?: string })[];
}

export interface ImportPreview<Row> {
  detection: Detection;
  rows: (Place & { row: Row })[];
  fits: number;
  misfits: number;
  problems: ProblemCount[];
  /** Counts are of the whole source; false when the scan was bounded. */
  complete: boolean;
  metadata: ImportMetadata | null;
  /** The evaluations that the source holds, with what judged each; one for a dataset or suite. */
  parts: { model: string | null; task: string | null; rows: number; measure: Measure }[];
}
