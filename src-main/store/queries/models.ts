import type { NewRecord } from '../api.ts';
import type { HubSource, ModelRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { idOf } from '../../shared/domain/ids.ts';
import type { MergeRecipe } from '../../shared/domain/merging.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, run, sql, value } from '../database.ts';
import { idFor } from '../keys.ts';
import type { Writer } from './marks.ts';
import { change } from './marks.ts';

interface ModelRow {
  id: string;
  name: string;
  path: string;
  family: string;
  parameters: number;
  size_bytes: number;
  sha256: string;
  origin: ModelRecord['origin'];
  created_at: number;
  state: ModelRecord['state'];
  source: string | null;
  base_id: string | null;
  recipe: string | null;
}

export function listModels(db: ReadableDb): ModelRecord[] {
  return all<ModelRow>(db, sql`SELECT * FROM models ORDER BY model_key DESC`).map(modelOf);
}

export function getModel(db: ReadableDb, id: string): ModelRecord | null {
  const row = one<ModelRow>(db, sql`SELECT * FROM models WHERE id = ${id}`);
  return row === undefined ? null : modelOf(row);
}

export function addModel(writer: Writer, model: NewRecord<ModelRecord>): ModelRecord {
  return change(writer, ['models'], () => {
    const { key } = run(
      writer.db,
      sql`INSERT INTO models (id, name, path, family, parameters, size_bytes, sha256, origin, created_at, state,
                              source, base_id, recipe)
          VALUES (${idFor('model', model.id)}, ${model.name}, ${model.path}, ${model.family}, ${model.parameters},
                  ${model.sizeBytes}, ${model.sha256}, ${model.origin}, ${Date.now()}, ${model.state},
                  ${model.source === undefined ? null : JSON.stringify(model.source)}, ${model.baseId ?? null},
                  ${model.recipe === undefined ? null : JSON.stringify(model.recipe)})`,
    );
    const row = one<ModelRow>(writer.db, sql`SELECT * FROM models WHERE model_key = ${key}`);
    if (row === undefined) throw new Error('a model that was just added is gone');
    return modelOf(row);
  });
}

/** Forgets the record; the weights stay where they are. Refused while an unfinished run needs it. */
export function removeModel(writer: Writer, id: string): void {
  change(writer, ['models'], () => {
    const run_ = value<string>(
      writer.db,
      sql`SELECT name FROM runs WHERE model_id = ${id} AND status IN ('queued', 'starting', 'running', 'paused', 'stopping')`,
    );
    if (run_ !== undefined) {
      throw new WorkbenchError('conflict', `The run “${run_}” is using this model`, { remedy: 'Stop the run first.' });
    }
    const adapter = value<string>(writer.db, sql`SELECT name FROM models WHERE base_id = ${id}`);
    if (adapter !== undefined) {
      throw new WorkbenchError('conflict', `The adapter “${adapter}” sits on this model`, {
        remedy: 'Remove the adapter first.',
      });
    }
    const { changes } = run(writer.db, sql`DELETE FROM models WHERE id = ${id}`);
    if (changes === 0) throw new WorkbenchError('not-found', 'This model is not in the workspace');
  });
}

function modelOf(row: ModelRow): ModelRecord {
  return {
    id: idOf('model', row.id),
    name: row.name,
    path: row.path,
    family: row.family,
    parameters: row.parameters,
    sizeBytes: row.size_bytes,
    sha256: row.sha256,
    origin: row.origin,
    createdAt: row.created_at,
    state: row.state,
    ...(row.source === null ? {} : { source: JSON.parse(row.source) as HubSource }),
    ...(row.base_id === null ? {} : { baseId: idOf('model', row.base_id) }),
    ...(row.recipe === null ? {} : { recipe: JSON.parse(row.recipe) as MergeRecipe }),
  };
}

export const modelReads = { listModels, getModel };
export const modelWrites = { addModel, removeModel };
