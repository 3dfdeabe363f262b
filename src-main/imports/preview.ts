import type { DatasetRow } from '../shared/domain/datasets.ts';
import { WorkbenchError } from '../shared/domain/errors.ts';
import type { SampleResult, SuiteItem, SuiteKind } from '../shared/domain/evaluations.ts';
import type { ImportStream } from './import-stream.ts';
import { inspectSource } from './inspect-source.ts';
import { openDatasetImport, openSuiteImport } from './open.ts';
import { openEvaluationParts } from './parts.ts';
import type { Problem } from './problems.ts';
import type {
  Detection,
  ImportEntry,
  ImportMetadata,
  ImportOptions,
  ImportPreview,
  Place,
  ProblemCount,
} from './types.ts';

export interface PreviewOptions extends ImportOptions {
  purpose: 'dataset' | 'evaluation' | 'suite';
  /** Needed for suites. */
  kind?: SuiteKind;
  /** Records to look at; by default the whole source. */
  maxRecords?: number;
}

type AnyRow = DatasetRow | SampleResult | SuiteItem;
const firstProblems = 5;
/** A preview shows what it has by then; a person waits for it. */
const previewWithinMs = 8000;

/**
 * What an import would bring, without keeping more than its first `n` rows: the detected format, rows, and how many
 * records fit and do not fit, per reason with the first lines. A generic file is read by the given mapping, else by the
 * suggested one; when neither makes rows, the preview has the detection alone and `metadata` is null.
 */
export async function previewImport(path: string, options: PreviewOptions, n = 20): Promise<ImportPreview<AnyRow>> {
  if (options.purpose === 'suite' && options.kind === undefined) throw suiteKindMissing();
  const { detection } = await inspectSource(path, options);
  const preview: ImportPreview<AnyRow> = {
    detection,
    rows: [],
    fits: 0,
    misfits: 0,
    problems: [],
    complete: false,
    metadata: null,
    parts: [],
  };
  const streams = await openForPreview(path, detection, options);
  if (streams === null) return preview;
  const problems = new Map<string, ProblemCount>();
  const limit = options.maxRecords ?? Infinity;
  const until = performance.now() + previewWithinMs;
  const metadata: ImportMetadata[] = [];
  for (const { open, model, task } of streams) {
    const stream = await open();
    const before = preview.fits;
    if (preview.fits + preview.misfits < limit && performance.now() <= until) {
      for await (const batch of stream.batches() as AsyncIterable<ImportEntry<AnyRow>[]>) {
        for (const entry of batch) {
          if (preview.fits + preview.misfits >= limit) break;
          if ('row' in entry) {
            preview.fits += 1;
            if (preview.rows.length < n) preview.rows.push(entry);
          } else {
            preview.misfits += 1;
            count(problems, entry, entry.problem);
          }
        }
        if (preview.fits + preview.misfits >= limit || performance.now() > until) break;
      }
    }
    const said = stream.metadata();
    metadata.push(said);
    preview.parts.push({
      model: said.models[0] ?? model,
      task: said.tasks[0] ?? task,
      rows: preview.fits - before,
      measure: said.measure,
    });
  }
  return {
    ...preview,
    problems: [...problems.values()].toSorted((a, b) => b.count - a.count),
    complete: metadata.every(({ complete }) => complete),
    metadata: metadata[0] ?? null,
  };
}

function suiteKindMissing(): WorkbenchError {
  return new WorkbenchError('bad-input', 'A suite needs its kind.', {
    remedy: 'Kinds are pairs, cloze, words, choice, generate.',
  });
}

interface Opening {
  model: string | null;
  task: string | null;
  open: () => Promise<ImportStream<AnyRow>>;
}

/** The evaluations of a source, or its one dataset or suite; null where the guess is too poor to read by. */
async function openForPreview(path: string, detection: Detection, options: PreviewOptions): Promise<Opening[] | null> {
  const isGiven = Object.keys(options.map ?? {}).length > 0;
  const map = isGiven ? options.map : detection.needsMap ? detection.suggestedMap : undefined;
  const request: ImportOptions = { ...options, strict: false, ...(map === undefined ? {} : { map }) };
  try {
    const parts = await partsOf(path, request, options);
    const first = await parts[0]?.open();
    // Opened once already, to find out whether it can be; a stream is read once.
    return parts.map((part, index) => (index === 0 && first ? { ...part, open: () => Promise.resolve(first) } : part));
  } catch (error) {
    // The form shows the fields and asks.
    if (error instanceof WorkbenchError && error.code === 'bad-input' && !isGiven && detection.needsMap) return null;
    throw error;
  }
}

async function partsOf(path: string, request: ImportOptions, { purpose, kind }: PreviewOptions): Promise<Opening[]> {
  if (purpose === 'evaluation') return (await openEvaluationParts(path, request)) as Opening[];
  const whole = { model: null, task: null };
  if (purpose === 'dataset')
    return [{ ...whole, open: async () => (await openDatasetImport(path, request)) as ImportStream<AnyRow> }];
  if (kind === undefined) throw suiteKindMissing();
  return [{ ...whole, open: async () => (await openSuiteImport(path, { ...request, kind })) as ImportStream<AnyRow> }];
}

function count(problems: Map<string, ProblemCount>, place: Place, problem: Problem): void {
  const entry = problems.get(problem.reason) ?? { reason: problem.reason, count: 0, first: [] };
  entry.count += 1;
  if (entry.first.length < firstProblems) {
    const { file, line } = place;
    entry.first.push({
      file,
      line,
      message: problem.message,
      ...(problem.field === undefined ? {} : { field: problem.field }),
    });
  }
  problems.set(problem.reason, entry);
}
