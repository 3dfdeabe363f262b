import path from 'node:path';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { ImportRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ImportEntry, ImportMetadata, RowStream } from '../../imports/index.ts';
import type { Ingest, IngestOutcome, NewRecord } from '../../store/api.ts';
import type { Task } from '../supervision/task.ts';
import { ProblemTally } from './problem-tally.ts';
import type { ImportRequest } from './ingest.ts';

/** One transaction a source: rows go in batch by batch and show at the commit, or not at all. */
export async function ingestStream<Row extends DatasetRow | object>(
  request: ImportRequest,
  stream: RowStream<Row>,
  task: Task,
  begin: (rows: Row[], provenance: NewRecord<ImportRecord>) => Promise<Ingest<Row>>,
  decisionsOf: (metadata: ImportMetadata) => string[] = () => [],
): Promise<string> {
  const problems = new ProblemTally();
  let ingest: Ingest<Row> | null = null;
  try {
    for await (const batch of stream.batches()) {
      const rows = takeRows(batch, problems);
      if (rows.length === 0) continue;
      ingest ??= await begin(rows, provenanceOf(request, stream.metadata(), problems));
      await ingest.push(rows);
    }
    if (ingest === null) throw nothingFits(request, problems);
    task.progress('storing', 1);
    const metadata = stream.metadata();
    return await ingest.commit({ import: { ...outcomeOf(metadata, problems), decisions: decisionsOf(metadata) } });
  } catch (error) {
    await ingest?.abandon();
    throw error;
  }
}

export function takeRows<Row>(batch: readonly ImportEntry<Row>[], problems: ProblemTally): Row[] {
  const rows: Row[] = [];
  for (const entry of batch) {
    if ('row' in entry) rows.push(entry.row);
    else problems.add(entry.problem.reason, entry.line, entry.problem.message);
  }
  return rows;
}

export function provenanceOf(
  request: ImportRequest,
  metadata: ImportMetadata,
  problems: ProblemTally,
): NewRecord<ImportRecord> {
  return {
    target: metadata.purpose,
    name: request.name,
    source: sourceName(request),
    tool: metadata.tool?.name ?? metadata.format,
    toolVersion: metadata.tool?.version ?? null,
    sha256: '',
    accepted: 0,
    rejected: problems.total,
    problems: problems.list(),
    undoneAt: null,
  };
}

export function outcomeOf(metadata: ImportMetadata, problems: ProblemTally): NonNullable<IngestOutcome['import']> {
  return {
    sha256: metadata.files
      .map((file) => file.sha256 ?? '')
      .join(' ')
      .trim(),
    tool: metadata.tool?.name ?? metadata.format,
    toolVersion: metadata.tool?.version ?? null,
    accepted: metadata.rows,
    rejected: metadata.problems,
    problems: problems.list(),
  };
}

/** A name and a commit say which bytes these were; a path of a cache says nothing to anybody else. */
function sourceName({ source, hub }: ImportRequest): string {
  const file = path.basename(source);
  return hub === undefined ? file : `${hub.repository}@${hub.commit} ${file}`;
}

/** `part`: which of the evaluations of a source it is. */
export function nothingFits(
  request: ImportRequest,
  problems = new ProblemTally(),
  part: string | null = null,
): WorkbenchError {
  const reasons = problems.list().map(({ reason, count, message }) => `${reason} (${count}): ${message ?? ''}`.trim());
  const why =
    reasons.length === 0 ? 'it holds no records' : `what does not fit: ${reasons.join('; ').replace(/\.$/, '')}`;
  return new WorkbenchError(
    'bad-input',
    `Nothing ${part === null ? '' : `of ${part} `}in ${path.basename(request.source)} could be imported: ${why}.`,
    {
      remedy: 'Look at the preview, or name the format and fields with --format and --map.',
      place: { file: request.source },
    },
  );
}
