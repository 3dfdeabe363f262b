import { randomUUID } from 'node:crypto';
import path from 'node:path';
import type { DatasetKind, DatasetRow } from '../../shared/domain/datasets.ts';
import type { HubSource, ImportRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { readDataset, readEvaluationParts, readSuite } from '../../imports/index.ts';
import type {
  EvaluationLabel,
  FieldMap,
  ImportFormat,
  ImportMetadata,
  ImportProgress,
  RowStream,
} from '../../imports/index.ts';
import type { SampleResult, SuiteSpec } from '../../shared/domain/evaluations.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { Ingest, NewRecord, Store } from '../../store/api.ts';
import type { Task } from '../supervision/task.ts';
import { freeName } from '../workspace/names.ts';
import { shortModel } from './import-names.ts';
import { licenceOf } from './source-licence.ts';
import { ProblemTally } from './problem-tally.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';
import { ingestStream, takeRows, provenanceOf, outcomeOf, nothingFits } from './ingest-stream.ts';

export interface ImportRequest {
  /** Path of a file or a folder. */
  source: string;
  /** Further files of a data set in parts. */
  moreFiles?: readonly string[];
  name: string;
  format?: ImportFormat | 'auto';
  map?: FieldMap;
  strict?: boolean;
  variant?: string;
  /** Where the files came from, when that was the Hub. */
  hub?: HubSource;
  /** Of several models in one source: called by the import and the model (the usual), or by the model alone. */
  naming?: 'by-model';
}

/** Reads a dataset into the store; answers its id. */
export async function ingestDataset(store: Store, request: ImportRequest, task: Task): Promise<string> {
  const stream = await readDataset(request.source, readOptions(request, task));
  // Files of the Hub are in a cache, where nothing next to them speaks of them.
  const found = request.hub === undefined ? await licenceOf(request.source) : null;
  const licence = request.hub?.licence ?? found?.licence;
  let fields: readonly string[] = [];
  const begin = (rows: DatasetRow[], provenance: NewRecord<ImportRecord>) => {
    const [first] = rows;
    if (first === undefined) throw nothingFits(request);
    fields = fieldsOfKind[first.kind];
    return store.beginDataset({
      name: request.name,
      kind: first.kind,
      import: provenance,
      ...(licence === undefined ? {} : { licence }),
    });
  };
  return ingestStream(request, stream, task, begin, ({ format, ids, notes }) => [
    `Read as ${format}: ${fieldsTaken(request.map ?? {}, fields)}.`,
    ids === 'source' ? 'Ids are the source’s own.' : 'Ids are made of the rows’ content.',
    ...(found === null ? [] : [`The licence, ${found.licence}, is named in ${found.file} next to the source.`]),
    ...notes,
  ]);
}

const fieldsOfKind: Record<DatasetKind, readonly string[]> = {
  preference: ['prompt', 'chosen', 'rejected'],
  completion: ['prompt', 'completion'],
  unpaired: ['prompt', 'completion', 'label'],
  prompt: ['prompt', 'target'],
};

/** Each field, with the path it was taken from where that was said. */
function fieldsTaken(map: FieldMap, fields: readonly string[]): string {
  const paths = new Map(Object.entries(map).filter(([, from]) => typeof from === 'string'));
  const all = [...new Set([...fields, ...paths.keys()])];
  return all
    .map((field) => {
      const from = paths.get(field);
      return typeof from !== 'string' || from === field ? field : `${field} from “${from}”`;
    })
    .join(', ');
}

/**
 * Reads the evaluations of a source into the store, as one import: all of them are there at the end, or none. A folder's tasks are
 * suites of their own, each with ids of its own. Answers their ids.
 */
export async function ingestEvaluations(store: Store, request: ImportRequest, task: Task): Promise<string[]> {
  const parts = await readEvaluationParts(request.source, readOptions(request, task));
  const taken: { name: string }[] = await store.listEvaluations();
  const importId = newImportId();
  const received: Received[] = [];
  const empty: WorkbenchError[] = [];
  try {
    for (const [index, part] of parts.entries()) {
      const stream = await part.open();
      const several = parts.length === 1 ? '' : ` (${index + 1} of ${parts.length})`;
      const name =
        request.naming === 'by-model'
          ? nameByModel(request.name, parts, part, taken)
          : partName(request.name, parts, part);
      taken.push({ name });
      const one = await receive({ ...request, name }, stream, task, {
        progress: several,
        label: part.task,
        begin: (name, provenance) =>
          store.beginEvaluation({
            name,
            suiteId: null,
            suiteName: suiteNameOf(stream.metadata()),
            modelId: null,
            runId: null,
            checkpointId: null,
            step: null,
            decoding: null,
            import: { ...provenance, id: importId, name: request.name },
          }),
      });
      if (one instanceof WorkbenchError) empty.push(one);
      else received.push(one);
    }
    const [nothing] = empty;
    if (received.length === 0) throw nothing ?? nothingFits(request);
    requireVariant(request, received);
    task.progress('storing', 1);
    // What a part of the source could not give is said with the first that could.
    const lacking = empty.map(({ message }) => message);
    const ids: string[] = [];
    for (const [index, { ingest, stream, problems }] of received.entries()) {
      const { measure } = stream.metadata();
      ids.push(
        await ingest.commit({
          import: outcomeOf(stream.metadata(), problems),
          measure: index === 0 ? { ...measure, notes: [...measure.notes, ...lacking] } : measure,
          origin: originOf(request),
        }),
      );
    }
    return ids;
  } catch (error) {
    for (const { ingest } of received) await ingest.abandon();
    throw error;
  }
}

/** What is needed to read a source again, by another of its variants. */
export interface Origin {
  path: string;
  format: ImportFormat | 'auto';
  map: FieldMap;
}

function originOf({ source, format = 'auto', map = {} }: ImportRequest): string {
  return JSON.stringify({ path: source, format, map } satisfies Origin);
}

interface Received {
  ingest: Ingest<SampleResult>;
  stream: RowStream<SampleResult>;
  problems: ProblemTally;
}

/** All rows of one evaluation, pushed and not committed; the error that says why where none fits. */
async function receive(
  request: ImportRequest,
  stream: RowStream<SampleResult>,
  task: Task,
  {
    progress,
    label,
    begin,
  }: {
    progress: string;
    /** What the part is called where it is one of several. */
    label: string | null;
    begin: (name: string, provenance: NewRecord<ImportRecord>) => Promise<Ingest<SampleResult>>;
  },
): Promise<Received | WorkbenchError> {
  const problems = new ProblemTally();
  let ingest: Ingest<SampleResult> | null = null;
  try {
    for await (const batch of stream.batches()) {
      const rows = takeRows(batch, problems);
      if (rows.length === 0) continue;
      ingest ??= await begin(request.name, provenanceOf(request, stream.metadata(), problems));
      await ingest.push(rows);
    }
    if (progress !== '') task.progress(`${stream.metadata().tasks[0] ?? request.name}${progress}`, null);
    return ingest === null
      ? nothingFits(request, problems, progress === '' ? null : (stream.metadata().tasks[0] ?? label))
      : { ingest, stream, problems };
  } catch (error) {
    await ingest?.abandon();
    throw error;
  }
}

/** The name of one of several: by what tells it from the others. */
export function partName(name: string, parts: readonly EvaluationLabel[], part: EvaluationLabel): string {
  const models = new Set(parts.map(({ model }) => model)).size > 1;
  const tasks = parts.length > 1 && parts.some((other) => other.model === part.model && other.task !== part.task);
  const more = [models ? part.model : null, tasks ? part.task : null].filter((text) => text !== null);
  return [name, ...more].join(' · ');
}

/** As `partName`, but several models of one source go by their own names, which are made free. */
function nameByModel(
  name: string,
  parts: readonly EvaluationLabel[],
  part: EvaluationLabel,
  taken: readonly { name: string }[],
): string {
  const own = shortModel(part.model);
  const several = new Set(parts.map(({ model }) => model)).size > 1;
  if (!several || own === null) return partName(name, parts, part);
  const ofModel = parts.filter(({ model }) => model === part.model);
  return freeName(taken, partName(own, ofModel, part));
}

/** Of several, each may lack the variant that was asked for, but not all. */
function requireVariant({ variant, source }: ImportRequest, received: readonly Received[]): void {
  if (variant === undefined || received.length < 2) return;
  const there = new Set(received.flatMap(({ stream }) => stream.metadata().variants));
  if (there.has(variant) || variant.split('/').every((part) => there.has(part))) return;
  throw new WorkbenchError('not-found', `${path.basename(source)} has no variant “${variant}”.`, {
    remedy: there.size === 0 ? 'There are none; leave the choice out.' : `There is: ${[...there].join(', ')}.`,
  });
}

function newImportId(): ImportRecord['id'] {
  return idOf('import', `import-${randomUUID()}`);
}

export type SuiteHead = Omit<SuiteSpec, 'id' | 'name'>;

export async function ingestSuite(
  store: Store,
  request: ImportRequest & { suite: SuiteHead },
  task: Task,
): Promise<string> {
  const { suite } = request;
  const stream = await readSuite(request.source, { kind: suite.kind, ...readOptions(request, task) });
  return ingestStream(
    request,
    stream,
    task,
    (_rows, provenance) => store.beginSuite({ ...suite, name: request.name, origin: 'imported', import: provenance }),
    ({ notes }) => notes,
  );
}

/** Imported samples share ids within the task they come from; sources that name none share one scope. */
export function suiteNameOf(metadata: ImportMetadata): string {
  return metadata.tasks.length === 0 ? 'imported samples' : metadata.tasks.join(', ').slice(0, 200);
}

function readOptions(request: ImportRequest, task: Task) {
  const { format, map, strict, variant, moreFiles } = request;
  return {
    ...(format === undefined ? {} : { format }),
    ...(map === undefined ? {} : { map }),
    ...(strict === undefined ? {} : { strict }),
    ...(variant === undefined ? {} : { variant }),
    ...(moreFiles === undefined ? {} : { moreFiles }),
    signal: task.signal,
    onProgress: ({ bytesRead, totalBytes, rows, problems }: ImportProgress) => {
      const unfit = problems === 0 ? '' : `, ${formatCount(problems)} do not fit`;
      task.progress(`${formatCount(rows)} rows read${unfit}`, totalBytes === 0 ? null : bytesRead / totalBytes);
    },
  };
}
