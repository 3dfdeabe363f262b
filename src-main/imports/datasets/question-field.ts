import { isPlainObject, own } from '../field-path.ts';

/** What people call the prompt of a pair besides `prompt`, the plainest first. */
export const questionNames = ['instruction', 'question', 'query', 'user', 'input'] as const;

/** Where a record has its question; null where it has none by these names. */
export function questionField(record: unknown): (typeof questionNames)[number] | null {
  return questionNames.find((name) => typeof own(record, name) === 'string') ?? null;
}

/**
 * Whether a pair of texts answers a question that stands in a field of its own, and not in `prompt`. Texts that begin with the
 * question hold it themselves.
 */
export function isAnsweredQuestion(record: unknown): boolean {
  if (!isPlainObject(record) || Object.hasOwn(record, 'prompt')) return false;
  const [chosen, rejected] = [own(record, 'chosen'), own(record, 'rejected')];
  const field = questionField(record);
  if (field === null || typeof chosen !== 'string' || typeof rejected !== 'string') return false;
  const question = own(record, field) as string;
  return question.trim() !== '' && !(chosen.startsWith(question) && rejected.startsWith(question));
}
