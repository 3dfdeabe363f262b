import { useLocalStorage } from '@vueuse/core';
import { differences } from '@shared/presentation/aligned-diff.ts';
import type { DifferenceBy } from '@shared/presentation/aligned-diff.ts';

/** How answers are read: as running text, in one width, as Markdown, or as code in lines that do not wrap. */
export const forms = ['text', 'monospace', 'markdown', 'code'] as const;
export type ReadingForm = (typeof forms)[number];

export const formNames: Record<ReadingForm, string> = {
  text: 'Text',
  monospace: 'Monospace',
  markdown: 'Markdown',
  code: 'Code',
};
export const differenceNames: Record<DifferenceBy, string> = {
  words: 'Differences by words',
  lines: 'Differences by lines',
  off: 'No differences',
};

/** The reader's choice, kept in this browser for every sample. */
export function useReading() {
  const form = useLocalStorage<ReadingForm>('reading.form', 'text');
  const by = useLocalStorage<DifferenceBy>('reading.difference', 'words');
  // What an older version kept, or a hand wrote, may be none of these.
  if (!forms.includes(form.value)) form.value = 'text';
  if (!differences.includes(by.value)) by.value = 'words';
  return { form, by };
}

export function nextOf<T>(all: readonly T[], current: T): T {
  return all[(all.indexOf(current) + 1) % all.length] ?? current;
}
