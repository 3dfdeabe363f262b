import { reportCharacters, shortened } from '../long-texts.ts';
import type { ReportRow } from './report-row.ts';

/** Ending of the file next to a report that has the whole texts of its cases, one JSON object per line. */
export const wholeTextsEnding = '.texts.ndjson';

const where = `the whole text is in the file next to this report that ends in ${wholeTextsEnding}`;

/** Notes and names are written by people, but come from files too. */
const mostMarks = 100;

/** A row as a report shows it: long texts shortened, and whether any was. */
export function shortRow(row: ReportRow): { row: ReportRow; isShort: boolean } {
  let isShort = false;
  const cut = (text: string): string => {
    isShort ||= text.length > reportCharacters;
    return shortened(text, reportCharacters, where);
  };
  const orNull = (text: string | null): string | null => (text === null ? null : cut(text));
  const shown = {
    ...row,
    prompt: orNull(row.prompt),
    target: orNull(row.target),
    left: { ...row.left, output: orNull(row.left.output) },
    right: { ...row.right, output: orNull(row.right.output) },
    note: cut(row.note),
    slices: row.slices.slice(0, mostMarks),
    tags: row.tags.slice(0, mostMarks),
  };
  return { row: shown, isShort };
}
