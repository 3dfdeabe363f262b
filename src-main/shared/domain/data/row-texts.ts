import { plainText } from '../datasets.ts';
import type { DatasetRow, Message, TextOrChat } from '../datasets.ts';

/** A row as texts: what is asked, and what is answered (chosen before rejected). */
export interface RowTexts {
  prompt: string;
  answers: string[];
}

export function rowTexts(row: DatasetRow): RowTexts {
  return { prompt: plainText(row.prompt), answers: answersOf(row).map(plainText) };
}

export function answersOf(row: DatasetRow): TextOrChat[] {
  switch (row.kind) {
    case 'preference':
      return [row.chosen, row.rejected];
    case 'completion':
    case 'unpaired':
      return [row.completion];
    case 'prompt':
      return [];
  }
}

/** What makes two rows the same row: every text and role, the label, the target and the tools; neither id nor tags. */
export function identityOf(row: DatasetRow): string {
  const label = row.kind === 'unpaired' ? row.label : row.kind === 'prompt' ? row.target : undefined;
  return JSON.stringify([row.prompt, ...answersOf(row), label ?? null, row.tools ?? null]);
}

/** Composed letters, one blank for any, none at the ends. */
export function trimmed(text: string): string {
  const composed = text.normalize('NFC');
  // Most texts have single blanks only, and replacing each by itself takes long.
  return oddBlanks.test(composed) ? composed.replace(/ *[^\S ]\s*| {2,}/g, ' ').trim() : composed;
}

const oddBlanks = /^ | $| {2}|[^\S ]/;

/** The texts of a row, each `trimmed`. */
export function trimmedTexts({ prompt, answers }: RowTexts): RowTexts {
  return { prompt: trimmed(prompt), answers: answers.map(trimmed) };
}

/** The whole conversation of a row, one per answer; plain text stands for a turn of its role. */
export function conversations(row: DatasetRow): Message[][] {
  const prompt = turnsOf(row.prompt, 'user');
  const answers = answersOf(row);
  return answers.length === 0 ? [prompt] : answers.map((answer) => [...prompt, ...turnsOf(answer, 'assistant')]);
}

function turnsOf(text: TextOrChat, role: string): Message[] {
  if (typeof text !== 'string') return text;
  return text === '' ? [] : [{ role, content: text }];
}
