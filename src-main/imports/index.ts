/** Reads other tools' files as streams of canonical rows. Pure readers: nothing here writes or knows the store. */
export { acceptedFields, type FieldMap, type MapField, parseFieldMap } from './field-map.ts';
export type { ImportStream } from './import-stream.ts';
export { defaultLimits, type ImportLimits } from './limits.ts';
export {
  detectFormat,
  openDatasetImport,
  openEvaluationImport,
  openSuiteImport,
  type SuiteImportOptions,
} from './open.ts';
export type { Found } from './recognise/found.ts';
export { type EvaluationLabel, type EvaluationPart } from './parts.ts';
export { type PreviewOptions, previewImport } from './preview.ts';
export { type Problem, type ProblemReason, problemReasons } from './problems.ts';
export {
  readDataset,
  readEvaluation,
  readEvaluationParts,
  readPreview,
  readReport,
  readRecognised,
  readSuite,
  type RowStream,
} from './reading/read-apart.ts';
export { readingLimits, type ReadingLimits } from './reading/reader.ts';
export { checkZipDirectory, checksumGate, notAnArchive } from './records/zip-check.ts';
export * from './types.ts';
