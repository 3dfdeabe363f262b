import type { FieldMap } from '../field-map.ts';
import { isPlainObject, own, parseFieldPath } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import type { DatasetFormat } from '../types.ts';
import { isAnsweredQuestion, questionNames } from './question-field.ts';

const labels = ['label', 'kto_tag'];
const completion = ['prompt', 'completion', 'response', 'tools', ...labels];

/** What the reader of each format looks at, besides id and tags. */
const fieldsRead: Record<DatasetFormat, readonly string[]> = {
  trl: ['prompt', 'chosen', 'rejected', 'guardTarget', 'tools'],
  unpaired: completion,
  'prompt-completion': completion,
  sharegpt: ['conversations', 'system', 'chosen', 'rejected', 'tools', ...labels],
  alpaca: [...questionNames, 'output', 'system', 'history', 'chosen', 'rejected', 'tools', ...labels],
  'language-modeling': ['text', 'messages', 'tools', ...labels],
  'prompt-only': ['prompt', 'target', 'tools'],
};

const mostNamed = 12;

/** The fields of a dataset's records that hold something and that nothing reads: an import says which. */
export class UnreadFields {
  readonly #read: ReadonlySet<string>;
  readonly #readOfQuestions: ReadonlySet<string>;
  readonly #found = new Set<string>();

  /** `format`: null where the mapping alone says what is read. */
  constructor(format: DatasetFormat | null, map: FieldMap) {
    const mapped = Object.values(map).flatMap((path) =>
      typeof path === 'string' ? [String(parseFieldPath(path).steps[0])] : [],
    );
    this.#read = new Set([...(format === null ? [] : ['id', 'tags', 'kind', ...fieldsRead[format]]), ...mapped]);
    this.#readOfQuestions = format === 'trl' ? new Set([...this.#read, ...fieldsRead.alpaca]) : this.#read;
  }

  look(record: unknown): void {
    if (!isPlainObject(record)) return;
    const read =
      this.#read === this.#readOfQuestions || !isAnsweredQuestion(record) ? this.#read : this.#readOfQuestions;
    for (const name of Object.keys(record)) {
      if (!read.has(name) && !isNothing(record[name])) this.#found.add(name);
    }
  }

  notes(): string[] {
    if (this.#found.size === 0) return [];
    const names = [...this.#found]
      .slice(0, mostNamed)
      .map((name) => (name.length > 60 ? `${name.slice(0, 60)}…` : name));
    const more = this.#found.size > mostNamed ? `, and ${this.#found.size - mostNamed} more` : '';
    return [`Fields that were not read: ${names.join(', ')}${more}.`];
  }
}

function isNothing(value: unknown): boolean {
  return value === null || value === undefined || value === '' || (Array.isArray(value) && value.length === 0);
}

const media = ['image', 'images', 'audio', 'audios', 'video', 'videos'];

/** @throws Misfit where a picture, a sound or a film belongs to the record: without it, the texts are about nothing. */
export function refuseMedia(record: unknown): void {
  for (const name of media) {
    const value = own(record, name);
    if (isNothing(value) || typeof value === 'boolean' || typeof value === 'number') continue;
    throw new Misfit(
      'unsupported-content',
      `“${name}” holds ${name.replace(/s$/, '')} data; only text can be kept.`,
      name,
    );
  }
}

/** A note where the last turn of a conversation is marked as one that nothing is to be learnt from, as OpenAI's `weight` does. */
export function untrainedReply(record: unknown): string | null {
  const turns = own(record, 'messages') ?? own(record, 'conversations');
  const last: unknown = Array.isArray(turns) ? turns.at(-1) : null;
  const isLeftOut = own(last, 'weight') === 0 || own(last, 'train') === false || own(last, 'training') === false;
  return isLeftOut ? '{n} conversations were left out: their last response is marked as not to be learnt.' : null;
}
