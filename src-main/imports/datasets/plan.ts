import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import { datasetFields, type FieldMap, formatFieldMap, type MapField, Mapping } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import type { RecordBatches } from '../records/record.ts';
import { datasetIdentity } from '../row-content.ts';
import type { ReadSession } from '../session.ts';
import type { DatasetFormat, ImportFormat } from '../types.ts';
import { asId, asTags } from '../values.ts';
import { readLanguageModeling, readPromptCompletion, readPromptOnly, readUnpaired } from './completion.ts';
import { readAlpaca, readShareGpt } from './instruction.ts';
import { readPreference } from './preference.ts';
import { isAnsweredQuestion } from './question-field.ts';
import { refuseMedia, UnreadFields, untrainedReply } from './unread-fields.ts';

export const datasetReaders: Record<DatasetFormat, (record: unknown) => DatasetRow> = {
  trl: (record) => (isAnsweredQuestion(record) ? readAlpaca(record) : readPreference(record)),
  unpaired: readUnpaired,
  sharegpt: readShareGpt,
  alpaca: readAlpaca,
  'prompt-completion': readPromptCompletion,
  'language-modeling': readLanguageModeling,
  'prompt-only': readPromptOnly,
};

/** How the rows of a dataset are made from its records. */
export function planDataset(
  format: ImportFormat,
  map: FieldMap,
  totalBytes: number,
  records: (session: ReadSession) => RecordBatches,
): ImportPlan<DatasetRow> {
  const mapping = new Mapping(map, datasetFields);
  const reader = format in datasetReaders ? datasetReaders[format as DatasetFormat] : null;
  if (reader !== null) refuseUselessFields(format, map);
  const read = reader ?? datasetReaders[formatOfMap(map)];
  const unread = new UnreadFields(reader === null ? null : (format as DatasetFormat), map);
  let kind: DatasetRow['kind'] | null = null;
  return {
    purpose: 'dataset',
    format,
    totalBytes,
    records,
    mapping: Object.keys(map).length === 0 ? null : mapping,
    identity: datasetIdentity,
    withId: (row, id) => {
      row.id = id;
    },
    mapRecord: (record): Mapped<DatasetRow> => {
      const source = withMapped(record, mapping, reader !== null);
      unread.look(record);
      if (reader !== null) refuseMedia(source);
      const leftOut = untrainedReply(source);
      if (leftOut !== null) return { leftOut };
      const row = read(source);
      kind ??= row.kind;
      if (row.kind !== kind) throw otherKind(row.kind, kind);
      const tags = asTags(own(source, 'tags'));
      if (tags !== undefined) row.tags = tags;
      return { row, id: mapping.refusesIds ? null : asId(own(source, 'id'), mapping.pathOf('id')) };
    },
    describe: () => ({ notes: unread.notes() }),
  };
}

/** A dataset is trained on by one method: its rows are of one kind, the first's. */
function otherKind(found: DatasetRow['kind'], first: DatasetRow['kind']): Misfit {
  const words = {
    preference: 'a pair',
    completion: 'a completion',
    unpaired: 'a completion with a label',
    prompt: 'a prompt',
  };
  return new Misfit(
    'wrong-type',
    `The record is ${words[found]}, the first was ${words[first]}; a dataset has one kind.`,
  );
}

/** The record as a TRL format would have it: mapped values under the canonical names, over the record's own or alone. */
function withMapped(record: unknown, mapping: Mapping, keepsOwn: boolean): unknown {
  if (!isPlainObject(record)) return record;
  const mapped = Object.create(null) as Record<string, unknown>;
  for (const field of datasetFields) {
    const found = mapping.look(record, field);
    if (found.found) mapped[field] = found.value;
  }
  if (!keepsOwn) return mapped;
  if (Object.keys(mapped).length === 0) return record;
  return Object.assign(Object.create(null) as object, record, mapped);
}

/** Formats with field names of their own can only be told where id, tags and target are. */
function refuseUselessFields(format: ImportFormat, map: FieldMap): void {
  if (format !== 'alpaca' && format !== 'sharegpt') return;
  const useless = Object.keys(map).filter((field) => field !== 'id' && field !== 'tags');
  if (useless.length === 0) return;
  throw new WorkbenchError(
    'bad-input',
    `The format ${format} takes only id and tags from a mapping, not ${useless.join(', ')}.`,
    {
      remedy: 'Give the container as the format (jsonl, json, csv, parquet) to map every field yourself.',
    },
  );
}

/** Which kind of row the mapped fields amount to. */
function formatOfMap(map: FieldMap): DatasetFormat {
  const has = (...fields: MapField[]): boolean => fields.every((field) => typeof map[field] === 'string');
  if (has('chosen', 'rejected')) return 'trl';
  if (has('prompt', 'completion', 'label')) return 'unpaired';
  if (has('prompt', 'completion')) return 'prompt-completion';
  if (has('text')) return 'language-modeling';
  if (has('prompt')) return 'prompt-only';
  throw new WorkbenchError('bad-input', `The mapping “${formatFieldMap(map)}” makes no training row.`, {
    remedy:
      'Map chosen and rejected (with or without prompt), prompt and completion (with label for unpaired preference), text, or prompt.',
  });
}
