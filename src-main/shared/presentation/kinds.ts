import { blameSentences, kindLabel, kindSentence, kindShares } from '../domain/kinds/kind-sentences.ts';
import type { ChangeSummary } from '../domain/statistics/change-summary.ts';
import type { ReportWords } from '../domain/reports/report-model.ts';
import {
  formatCount,
  formatNumber,
  formatP,
  formatPercent,
  formatPercentRange,
  formatRange,
  nothing,
} from './numbers.ts';
import { plural } from './words.ts';

/** Heads of the table of kinds; one that begins with `#` is of figures. */
export const kindHeads = [
  'kind',
  '#negative',
  '#positive',
  '#unchanged',
  '#of all samples',
  '#95 % interval',
  '#lift',
  '#95 % interval of lift',
  '#p (Holm)',
] as const;

export const kindNote =
  'A sample may have several kinds. Of all samples: negative flips of the kind, with Wilson’s interval. Lift: how much more frequent the kind is among negative flips than among unchanged samples, with Walter’s interval; p: one-sided Fisher test, Holm-adjusted over the kinds that occur. Kinds that speak of the verdict itself have no lift.';

/** The kinds of the negative flips, the most frequent first, as the cells of a row each. */
export function kindRows(kinds: ChangeSummary): string[][] {
  return kindShares(kinds, 'negative').flatMap(({ name }) => {
    const kind = kinds[name];
    if (kind === undefined) return [];
    const { lift, pHolm, rate } = kind;
    return [
      [
        kindLabel(name),
        formatCount(kind.negative),
        formatCount(kind.positive),
        formatCount(kind.unchanged),
        formatPercent(rate.value),
        formatPercentRange(rate),
        formatNumber(lift?.value ?? null, 3),
        lift === null ? nothing : formatRange(lift.low, lift.high),
        pHolm === null ? nothing : formatP(pHolm),
      ],
    ];
  });
}

/** What went wrong, in sentences: the kinds of the flips, and where the measure is to blame. */
export function kindSentences(kinds: ChangeSummary, negativeFlips: number): string[] {
  const sentence = kindSentence(kinds, 'negative', negativeFlips);
  return sentence === null ? [] : [sentence, ...blameSentences(kinds, negativeFlips)];
}

export const groupHeads = ['what changed', '#samples', 'most typical'] as const;

/** What negative flips have in common, in sentences. */
export function commonSentences(words: ReportWords | undefined): string[] {
  return words?.inCommon.map(({ sentence }) => sentence) ?? [];
}

/** Groups of what changed alike, the largest first, as the cells of a row each. */
export function groupRows({ groups }: ReportWords): string[][] {
  return groups.map(({ name, count, typical }) => [name, formatCount(count), typical.join(', ')]);
}

/** What a list of groups leaves out; null where it is whole. */
export function groupsLeftOut({ inOtherGroups }: ReportWords): string | null {
  return inOtherGroups === 0 ? null : `${plural(inOtherGroups, 'further flip')} in smaller groups.`;
}
