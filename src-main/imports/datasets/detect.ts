import { isPlainObject, own } from '../field-path.ts';
import type { DatasetFormat } from '../types.ts';
import { holdsTurns } from './written-turns.ts';

/** Most telling first: a preference also has a prompt, and an Alpaca record may have chosen and rejected. */
const signs: readonly { format: DatasetFormat; fits: (record: unknown) => boolean; reason: string }[] = [
  {
    format: 'sharegpt',
    fits: (record) => holdsTurns(own(record, 'conversations')),
    reason: 'records have “conversations”',
  },
  {
    format: 'alpaca',
    fits: (record) =>
      has(record, 'instruction') && (has(record, 'output') || (has(record, 'chosen') && has(record, 'rejected'))),
    reason: 'records have “instruction” and a response to it',
  },
  {
    format: 'trl',
    fits: (record) => has(record, 'chosen') && has(record, 'rejected'),
    reason: 'records have “chosen” and “rejected”',
  },
  {
    format: 'unpaired',
    fits: (record) =>
      has(record, 'prompt') && hasCompletion(record) && (has(record, 'label') || has(record, 'kto_tag')),
    reason: 'records have “prompt”, “completion” and “label”',
  },
  {
    format: 'prompt-completion',
    fits: (record) => has(record, 'prompt') && hasCompletion(record),
    reason: 'records have “prompt” and “completion”',
  },
  {
    format: 'language-modeling',
    fits: (record) =>
      typeof record === 'string' || typeof own(record, 'text') === 'string' || holdsTurns(own(record, 'messages')),
    reason: 'records are texts or conversations',
  },
  { format: 'prompt-only', fits: (record) => has(record, 'prompt'), reason: 'records have a “prompt” alone' },
];

function has(record: unknown, key: string): boolean {
  return isPlainObject(record) && Object.hasOwn(record, key);
}

function hasCompletion(record: unknown): boolean {
  return has(record, 'completion') || has(record, 'response');
}

/** The first format that most of the records have the fields of. */
export function detectDatasetFormat(records: readonly unknown[]): { format: DatasetFormat; reason: string } | null {
  if (records.length === 0) return null;
  const found = signs.find(({ fits }) => records.filter(fits).length * 2 > records.length);
  return found === undefined ? null : { format: found.format, reason: found.reason };
}
