import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { SuiteKind } from '../../shared/domain/evaluations.ts';
import type { ReportModel } from '../../shared/domain/reports/report-model.ts';
import type { EvaluationLabel } from '../parts.ts';
import type { PreviewOptions } from '../preview.ts';
import type { Found, OwnSigns } from '../recognise/found.ts';
import type { ImportEntry, ImportMetadata, ImportOptions, ImportPreview, ImportProgress } from '../types.ts';

/** What can be sent to the reading process of the options of an import: the signal and the listener stay on this side. */
export type SentOptions = Omit<ImportOptions, 'signal' | 'onProgress'>;

/** What one reader is started for. */
export type ReadRequest =
  | { readonly what: 'dataset'; readonly path: string; readonly options: SentOptions }
  | { readonly what: 'parts'; readonly path: string; readonly options: SentOptions }
  /** `part`: which of the evaluations of a source that holds several; its only one otherwise. */
  | { readonly what: 'evaluation'; readonly path: string; readonly options: SentOptions; readonly part?: number }
  | { readonly what: 'suite'; readonly path: string; readonly options: SentOptions & { kind: SuiteKind } }
  | { readonly what: 'recognise'; readonly path: string; readonly paths: readonly string[]; readonly signs: OwnSigns }
  | {
      readonly what: 'preview';
      readonly path: string;
      readonly options: Omit<PreviewOptions, 'signal' | 'onProgress'>;
      readonly rows: number | undefined;
    }
  | { readonly what: 'report'; readonly path: string };

export type ReadProgress = ImportProgress;

export type FromReader =
  /** Its event loop turns. `work` grows with what was read: a reader that turns and does nothing is ended too. */
  | { readonly type: 'beat'; readonly work: number }
  | { readonly type: 'opened'; readonly metadata: ImportMetadata }
  | {
      readonly type: 'batch';
      readonly entries: ImportEntry<object>[];
      readonly metadata: ImportMetadata;
      readonly progress: ReadProgress | null;
    }
  | { readonly type: 'done'; readonly metadata: ImportMetadata }
  | { readonly type: 'recognised'; readonly found: Found[] }
  | { readonly type: 'parts'; readonly parts: EvaluationLabel[] }
  | { readonly type: 'preview'; readonly preview: ImportPreview<object> }
  | { readonly type: 'report'; readonly report: ReportModel }
  | { readonly type: 'failed'; readonly error: ErrorReport };

/** One batch was taken. */
export type ToReader = { readonly type: 'next' };

/** Batches under way: enough to keep both sides busy, few enough to hold little. */
export const batchesAhead = 4;
