import type { DatasetRow, Message, TextOrChat } from '../datasets.ts';
import { findTemplateLeak } from '../kinds/template-leak.ts';
import { answersOf, conversations } from './row-texts.ts';
import type { RowTexts } from './row-texts.ts';

/** How a row is written: plain text, or a conversation without or with a system prompt. */
export const rowForms = { plain: 0, chat: 1, chatWithSystem: 2 } as const;

export function formOf(row: DatasetRow): number {
  const sides = [row.prompt, ...answersOf(row)];
  if (!sides.some((side) => typeof side !== 'string')) return rowForms.plain;
  return sides.some(hasSystem) ? rowForms.chatWithSystem : rowForms.chat;
}

function hasSystem(side: TextOrChat): boolean {
  return typeof side !== 'string' && side.some(({ role }) => role === 'system' || role === 'developer');
}

/** Whether a conversation goes as templates expect: at most one system prompt, first; then user and assistant in turn, tools where they answer. */
export function hasOddRoles(row: DatasetRow): boolean {
  if (typeof row.prompt === 'string' && answersOf(row).every((answer) => typeof answer === 'string')) return false;
  const prompt = typeof row.prompt === 'string' ? [] : row.prompt;
  if (answersOf(row).length > 0 && prompt.at(-1)?.role === 'assistant') return true;
  return conversations(row).some((turns) => !alternates(turns));
}

const followers: Readonly<Record<string, readonly string[]>> = {
  start: ['user'],
  user: ['assistant'],
  assistant: ['user', 'tool', 'ipython', 'function'],
  tool: ['assistant', 'tool'],
};

function alternates(turns: readonly Message[]): boolean {
  let before = 'start';
  for (const [i, { role, tool_calls: calls }] of turns.entries()) {
    if (role === 'system' || role === 'developer') {
      if (i !== 0) return false;
      continue;
    }
    const known = ['ipython', 'function'].includes(role) ? 'tool' : role;
    // Calls of tools may be in turns of their own.
    const goesOn = before === 'assistant' && role === 'assistant' && calls !== undefined;
    if (!goesOn && followers[before]?.includes(known) !== true) return false;
    before = known;
  }
  return true;
}

export function hasTemplateMarks({ prompt, answers }: RowTexts): boolean {
  return [prompt, ...answers].some((text) => findTemplateLeak(text) !== null);
}

const scripts = [
  ['Latin', /\p{Script=Latin}/gu],
  ['Cyrillic', /\p{Script=Cyrillic}/gu],
  ['Greek', /\p{Script=Greek}/gu],
  ['Arabic', /\p{Script=Arabic}/gu],
  ['Hebrew', /\p{Script=Hebrew}/gu],
  ['Devanagari', /\p{Script=Devanagari}/gu],
  ['Japanese', /[\p{Script=Hiragana}\p{Script=Katakana}]/gu],
  ['Han', /\p{Script=Han}/gu],
  ['Korean', /\p{Script=Hangul}/gu],
  ['Thai', /\p{Script=Thai}/gu],
] as const;
export const scriptNames: readonly string[] = [...scripts.map(([name]) => name), 'other'];

/** Characters that are looked at to tell a row's script. */
const looked = 400;

/** The script that most letters at the row's beginning are of, as an index into `scriptNames`. */
export function scriptOf({ prompt, answers }: RowTexts): number {
  const text = `${prompt.slice(0, looked)} ${(answers[0] ?? '').slice(0, looked)}`;
  // Most rows; asked first because the rest is slow.
  if (/^[\t\n\r -~]*$/.test(text)) return /[a-z]/i.test(text) ? 0 : scriptNames.length - 1;
  const counts = scripts.map(([, pattern]) => text.match(pattern)?.length ?? 0);
  // Japanese is written with Han letters too.
  if ((counts[6] ?? 0) > 0) return 6;
  const most = Math.max(...counts);
  return most === 0 ? scriptNames.length - 1 : counts.indexOf(most);
}
