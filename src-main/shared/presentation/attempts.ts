import type { AttemptSummary, ChangeEstimate, PassRate } from '../domain/statistics/attempt-summary-schema.ts';
import {
  formatCount,
  formatLevel,
  formatNumber,
  formatPercent,
  formatPoints,
  formatPointsRange,
  formatPValue,
} from './numbers.ts';
import { plural } from './words.ts';

type Answers = AttemptSummary['left'];

/** “4”, or “1 to 4” where samples were answered differently often. */
export function answersText({ least, most }: Answers): string {
  return least === most ? formatCount(most) : `${formatCount(least)} to ${formatCount(most)}`;
}

/** The k of avg@k: what both sides were answered, or both numbers. */
export function averageName({ left, right }: Pick<AttemptSummary, 'left' | 'right'>): string {
  const [old, now] = [answersText(left), answersText(right)];
  return old === now ? `avg@${old}` : `avg@${old} (old) and avg@${now} (new)`;
}

/** “−3.8 points (95 % interval −7.0 to −0.6 points)” */
export function changeText({ value, low, high }: ChangeEstimate, level: number): string {
  if (low === null || high === null) return `${formatPoints(value)} (no interval from one group)`;
  return `${formatPoints(value)} (${formatLevel(level)} interval ${formatPointsRange({ low, high })})`;
}

/** What several answers per sample say, in sentences. */
export function attemptSentences(summary: AttemptSummary): string[] {
  return [successSentence(summary), ...passSentences(summary), ...noiseSentences(summary), testedSentence(summary)];
}

function successSentence(summary: AttemptSummary): string {
  const { left, right, n, success, level } = summary;
  const [old, now] = [answersText(left), answersText(right)];
  const times = old === now ? `${old} times on each side` : `${old} times on the old side, ${now} on the new one`;
  const test =
    success.test === 'sign-flip-exact'
      ? 'exact sign-flip test by sample'
      : 'sign-flip test by sample, normal approximation';
  return `${formatCount(n)} samples were answered ${times}; answers to one sample count as one sample. ${averageName(summary)} went from ${formatPercent(success.left.value)} to ${formatPercent(success.right.value)}: ${changeText(success.change, level)}, ${test} ${formatPValue(success.p)}.`;
}

/** The largest k alone: k = 1 is avg@k, and the rest is in the table. */
function passSentences({ passAt, passAll, level }: AttemptSummary): string[] {
  const [some, all] = [passAt.at(-1), passAll.at(-1)];
  if (some === undefined || all === undefined || some.k < 2) return [];
  const part = (name: string, { k, left, right, change }: PassRate) =>
    `${name}${k} from ${formatPercent(left.value)} to ${formatPercent(right.value)}, ${changeText(change, level)}`;
  return [`At least one of k right: ${part('pass@', some)}. All of k right: ${part('pass^', all)}.`];
}

function noiseSentences({ oneAnswer, level }: AttemptSummary): string[] {
  const { nfr, pfr, expected, excessNfr, excessPfr } = oneAnswer;
  if (expected === null || excessNfr === null || excessPfr === null) return [];
  return [
    `One answer per side would show ${formatPercent(nfr.value)} negative and ${formatPercent(pfr.value)} positive flips on average; sampling alone brings ${formatPercent(expected.value)} of each if nothing changed. Beyond that: negative ${changeText(excessNfr, level)}, positive ${changeText(excessPfr, level)}.`,
  ];
}

function testedSentence({ tested, negativeFlips }: AttemptSummary): string {
  const { alpha, worse, better, expectedWorse, expectedBetter } = tested;
  const { solid, flaky } = negativeFlips;
  const marked =
    solid + flaky === 0
      ? ''
      : ` Of the negative flips, ${formatCount(solid)} are solid and ${formatCount(flaky)} flaky.`;
  return `By its own test (Fisher, p ≤ ${formatNumber(alpha)}), the success probability fell for ${plural(worse, 'sample')} and rose for ${formatCount(better)}; if none had changed, ${formatNumber(expectedWorse, 2)} and ${formatNumber(expectedBetter, 2)} would seem to.${marked}`;
}
