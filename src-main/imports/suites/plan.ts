import { assertNever, WorkbenchError } from '../../shared/domain/errors.ts';
import type { SuiteItem, SuiteKind } from '../../shared/domain/evaluations.ts';
import { type FieldMap, formatFieldMap, type MapField, Mapping, suiteFields } from '../field-map.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import type { Layout, RecordBatches } from '../records/record.ts';
import { bareTextAsRecord, itemIdentity } from '../row-content.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import type { Detection } from '../types.ts';
import { asId, asOptionalText, asSlices, asText, asTextOrChat, nameOf } from '../values.ts';
import { readPreference } from '../datasets/preference.ts';

const needed: Record<SuiteKind, readonly MapField[]> = {
  pairs: ['chosen', 'rejected'],
  cloze: ['prompt', 'target'],
  words: ['text'],
  choice: ['prompt', 'options', 'answer'],
  generate: ['prompt'],
  outputs: ['prompt'],
};

/** How the items of a suite are made from records, all by mapping. */
export function planSuite(
  kind: SuiteKind,
  source: { file: SourceFile; detection: Detection },
  layout: Layout,
  map: FieldMap,
  records: (session: ReadSession) => RecordBatches,
): ImportPlan<SuiteItem> {
  const mapping = new Mapping(map, suiteFields[kind]);
  const lacking = needed[kind].filter((field) => !mapping.has(field));
  if (lacking.length > 0) {
    throw new WorkbenchError(
      'bad-input',
      `A suite of kind ${kind} needs ${lacking.join(' and ')}; the mapping “${formatFieldMap(map)}” has none.`,
      {
        remedy: `Add ${lacking.map((field) => `${field}=path`).join(',')} to the mapping. The records have: ${source.detection.fields.join(', ')}.`,
        place: { file: source.file.name },
      },
    );
  }
  return {
    purpose: 'suite',
    format: layout.container,
    totalBytes: source.file.bytes,
    records,
    mapping,
    identity: itemIdentity,
    withId: (item, id) => {
      item.id = id;
    },
    mapRecord: (value): Mapped<SuiteItem> => {
      const record = bareTextAsRecord(value);
      const item = readItem(kind, record, mapping);
      const slices = asSlices(mapping.value(record, 'slice'), mapping.pathOf('slice'));
      if (slices !== undefined) item.slices = slices;
      return { row: item, id: mapping.refusesIds ? null : asId(mapping.value(record, 'id'), mapping.pathOf('id')) };
    },
    describe: () => ({}),
  };
}

function readItem(kind: SuiteKind, record: unknown, mapping: Mapping): SuiteItem {
  const text = (field: MapField): string =>
    notEmpty(asText(mapping.value(record, field), mapping.pathOf(field)), mapping.pathOf(field));
  const id = '';
  switch (kind) {
    case 'pairs':
      return pairItem(record, mapping);
    case 'cloze':
      return { kind, id, prompt: text('prompt'), target: text('target') };
    case 'words': {
      const prompt = asOptionalText(mapping.value(record, 'prompt'));
      return { kind, id, ...(prompt === null || prompt === '' ? {} : { prompt }), text: text('text') };
    }
    case 'choice':
      return choiceItem(record, mapping);
    case 'outputs':
    case 'generate': {
      const target = asOptionalText(mapping.value(record, 'target'));
      const prompt = asTextOrChat(mapping.value(record, 'prompt'), mapping.pathOf('prompt'));
      if (prompt.length === 0) throw new Misfit('empty', 'The prompt is empty.', mapping.pathOf('prompt'));
      return { kind: 'generate', id, prompt, ...(target === null ? {} : { target }) };
    }
    default:
      return assertNever(kind);
  }
}

function notEmpty(text: string, field: string): string {
  if (text === '') throw new Misfit('empty', `“${field}” is empty.`, field);
  return text;
}

function pairItem(record: unknown, mapping: Mapping): SuiteItem {
  const { prompt, chosen, rejected } = readPreference({
    prompt: mapping.value(record, 'prompt'),
    chosen: mapping.value(record, 'chosen'),
    rejected: mapping.value(record, 'rejected'),
  });
  return { kind: 'pairs', id: '', prompt, chosen, rejected };
}

function choiceItem(record: unknown, mapping: Mapping): SuiteItem {
  const prompt = asTextOrChat(mapping.value(record, 'prompt'), mapping.pathOf('prompt'));
  const listed = parsedList(mapping.value(record, 'options'));
  if (listed === null || listed.length < 2) {
    throw new Misfit(
      'wrong-type',
      `“${mapping.pathOf('options')}” is no list of two or more options.`,
      mapping.pathOf('options'),
    );
  }
  const options = listed.map((option) => asText(option, mapping.pathOf('options')));
  return {
    kind: 'choice',
    id: '',
    prompt,
    options,
    answer: answerIndex(mapping.value(record, 'answer'), options, mapping.pathOf('answer')),
  };
}

/** A list, or a list written as JSON in a CSV cell. */
function parsedList(value: unknown): unknown[] | null {
  if (Array.isArray(value)) return value as unknown[];
  if (typeof value !== 'string' || !value.trimStart().startsWith('[')) return null;
  try {
    const parsed: unknown = JSON.parse(value);
    return Array.isArray(parsed) ? (parsed as unknown[]) : null;
  } catch {
    return null;
  }
}

/** The right option: its index from 0, its text, or its letter. An option's text wins over a letter or an index. */
function answerIndex(value: unknown, options: readonly string[], field: string): number {
  const byText = typeof value === 'string' ? options.indexOf(value) : -1;
  if (byText !== -1) return byText;
  const letter =
    typeof value === 'string' && /^[A-Za-z]$/.test(value.trim()) ? value.trim().toUpperCase().charCodeAt(0) - 65 : -1;
  const index =
    letter !== -1
      ? letter
      : typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value))
        ? Number(value)
        : -1;
  if (Number.isInteger(index) && index >= 0 && index < options.length) return index;
  throw new Misfit(
    'out-of-range',
    `“${field}” is ${nameOf(value)}, which names none of the ${options.length} options.`,
    field,
  );
}
