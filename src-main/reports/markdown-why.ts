import type { ReportComparison, ReportModel } from '../shared/domain/reports/report-model.ts';
import {
  commonSentences,
  groupHeads,
  groupRows,
  groupsLeftOut,
  kindHeads,
  kindNote,
  kindRows,
  kindSentences,
} from '../shared/presentation/kinds.ts';
import { inline, table } from './markdown-text.ts';

/** Why it flipped, as Markdown: sentences, and a table of the kinds of change. */
export function whyMarkdown({ comparisons }: ReportModel): string[] {
  const explained = comparisons.filter(({ kinds, summary }) => kinds !== undefined && summary.negativeFlips > 0);
  if (explained.length === 0) return [];
  return [...explained.flatMap((one) => whyBlock(one, comparisons.length > 1)), kindNote];
}

function whyBlock({ kinds = {}, summary, title, words }: ReportComparison, titled: boolean): string[] {
  const rows = kindRows(kinds).map((cells) => cells.map(inline));
  const told = [...kindSentences(kinds, summary.negativeFlips), ...commonSentences(words)];
  const sentences = told.map((sentence) => `- ${inline(sentence)}`);
  return [
    ...(titled ? [`### ${inline(title)}`] : []),
    sentences.join('\n'),
    ...(rows.length === 0
      ? []
      : [
          table(
            kindHeads.map((head) => head.replace('#', '>')),
            rows,
          ),
        ]),
    ...groupBlock(words),
  ];
}

function groupBlock(words: ReportComparison['words']): string[] {
  if (words === undefined || words.groups.length === 0) return [];
  const left = groupsLeftOut(words);
  return [
    'Groups of what changed alike, the largest first:',
    table(
      groupHeads.map((head) => head.replace('#', '>')),
      groupRows(words).map((cells) => cells.map(inline)),
    ),
    ...(left === null ? [] : [left]),
  ];
}
