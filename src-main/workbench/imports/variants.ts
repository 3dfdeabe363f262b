import { access } from 'node:fs/promises';
import path from 'node:path';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isJudgedBy } from '../../shared/domain/measures.ts';
import type { Store } from '../../store/api.ts';
import type { Task } from '../supervision/task.ts';
import { freeName } from '../workspace/names.ts';
import type { ImportRequest, Origin } from './ingest.ts';

/**
 * The evaluation of the same samples of the same source under another variant: one that is there, else the source is read again.
 * @throws WorkbenchError where the source has no such variant, or is no longer where it was.
 */
export async function evaluationByVariant(
  store: Store,
  importAll: (request: ImportRequest, task: Task) => Promise<EvaluationRecord[]>,
  evaluation: EvaluationRecord,
  variant: string,
  task: Task,
): Promise<EvaluationRecord> {
  const { measure, importId } = evaluation;
  if (isOf(evaluation, variant)) return evaluation;
  if (importId === null || measure === null || measure === undefined || !offers(measure.variants, variant)) {
    throw new WorkbenchError('not-found', `“${evaluation.name}” has no variant “${variant}”.`, {
      remedy:
        measure === null || measure === undefined || measure.variants.length === 0
          ? 'Its source names none; leave the choice out.'
          : `There is: ${measure.variants.join(', ')}.`,
    });
  }
  const known = await sibling(store, evaluation, variant);
  if (known !== null) return known;
  const origin = await originOf(store, evaluation, importId, variant);
  const all = await store.listEvaluations();
  const name = freeName(all, `${evaluation.name} (${variant})`);
  const imported = await importAll(
    { source: origin.path, name, format: origin.format, map: origin.map, variant },
    task,
  );
  const match = imported.find(({ suiteName }) => suiteName === evaluation.suiteName) ?? imported[0];
  if (match === undefined) throw new WorkbenchError('not-found', `“${evaluation.name}” could not be read again.`);
  return match;
}

function isOf({ measure }: EvaluationRecord, variant: string): boolean {
  return measure !== null && measure !== undefined && isJudgedBy(measure, variant);
}

function offers(variants: readonly string[], variant: string): boolean {
  return variants.includes(variant) || variant.split('/').every((part) => variants.includes(part));
}

/** Another import of the very same files. */
async function sibling(store: Store, evaluation: EvaluationRecord, variant: string): Promise<EvaluationRecord | null> {
  const imports = new Map((await store.listImports()).map((record) => [record.id, record]));
  const hashOf = ({ importId }: EvaluationRecord): string =>
    importId === null ? '' : (imports.get(importId)?.sha256 ?? '');
  const wanted = hashOf(evaluation);
  if (wanted === '') return null;
  const all = await store.listEvaluations();
  return (
    all.find((other) => hashOf(other) === wanted && other.suiteName === evaluation.suiteName && isOf(other, variant)) ??
    null
  );
}

async function originOf(store: Store, { name }: EvaluationRecord, importId: string, variant: string): Promise<Origin> {
  const text = await store.importOrigin(importId);
  const origin = text === null ? null : (JSON.parse(text) as Origin);
  if (origin !== null && (await isReadable(origin.path))) return origin;
  throw new WorkbenchError(
    'not-found',
    origin === null
      ? `It is not known where “${name}” was imported from.`
      : `The source of “${name}” is no longer where it was imported from: ${origin.path}.`,
    {
      remedy: `Import the source again with --variant "${path.basename(variant)}".`,
    },
  );
}

function isReadable(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}
