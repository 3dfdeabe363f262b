import { negativeFlipUnder } from '../shared/presentation/rules.ts';
import type { ComparisonSummary } from '../shared/domain/statistics/comparison-summary.ts';
import {
  formatCount,
  formatLevel,
  formatNumber,
  formatPValue,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
  formatRange,
  formatRatio,
  formatRatioRange,
  formatSignedNumber,
} from '../shared/presentation/numbers.ts';
import { attemptSentences } from '../shared/presentation/attempts.ts';
import { chanceSentences } from '../shared/presentation/chance.ts';
import { floorSentence } from '../shared/presentation/output-floor.ts';
import { correctedCount, shownRates } from '../shared/presentation/rates.ts';
import type { ReportComparison, ReportMethodTable } from '../shared/domain/reports/report-model.ts';

/** What the numbers say, in sentences. Every sentence follows from the model; no method is favoured in the wording. */
export function comparisonFindings({
  summary,
  noiseFloor,
  decoding,
}: Pick<ReportComparison, 'summary' | 'noiseFloor' | 'decoding'>): string[] {
  return [
    ...measureSentences(summary),
    flipSentence(summary),
    ...correctionSentence(summary),
    ...accuracySentence(summary),
    netSentence(summary),
    ...clusterSentence(summary),
    ...(summary.chance == null ? [] : chanceSentences(summary.chance)),
    ...(summary.floor == null ? [] : [floorSentence(summary.floor)]),
    ...(summary.attempts == null ? [] : attemptSentences(summary.attempts)),
    ...scoreSentence(summary),
    ...noiseSentence(noiseFloor, decoding),
  ];
}

/** What is before any number: that the two sides were judged, or came about, differently. */
export function measureSentences({ measure }: ComparisonSummary): string[] {
  return [measure?.difference, measure?.conditions].filter((text) => text !== null && text !== undefined);
}

/** The rule and the counts behind N, which are shown next to every comparison. */
export function basisSentence({ rule, n, pairing, measure }: ComparisonSummary): string {
  const outside = [
    [n.unmatchedLeft, 'only in the old evaluation'],
    [n.unmatchedRight, 'only in the new one'],
    [n.missingVerdict, 'without a verdict on a side'],
    [n.tied, 'tied'],
  ] as const;
  const left = outside.filter(([samples]) => samples > 0).map(([samples, why]) => `${formatCount(samples)} ${why}`);
  const rest = left.length === 0 ? 'none left out' : `not counted: ${left.join(', ')}`;
  const judged =
    measure === undefined || measure.left === '' || measure.left !== measure.right ? '' : ` Judged by ${measure.left}.`;
  const others = measure?.others == null ? '' : ` ${measure.others}`;
  const paired = pairing === undefined ? '' : ` by ${pairing.by}`;
  const note = pairing?.note == null ? '' : ` ${pairing.note}`;
  const judges = (measure?.judges ?? []).map((sentence) => ` ${sentence}`).join('');
  return `A negative flip: ${negativeFlipUnder(rule)}. ${formatCount(n.paired)} samples paired${paired}, ${rest}.${note}${judged}${judges}${others}`;
}

export function methodFinding(table: ReportMethodTable, row: ReportMethodTable['rows'][number]): string {
  const against = `${row.method} against ${table.reference}`;
  if (row.nfrRatio === null) return `${against}: no seed lets them be compared here.`;
  const { mean, low, high, perSeed } = row.nfrRatio;
  const seeds =
    perSeed.length === 1 ? 'one seed, so no interval' : `${perSeed.length} seeds, ${formatRatioRange(low, high)}`;
  const answer = {
    fewer: 'fewer negative flips',
    more: 'more negative flips',
    'cannot-be-told': 'whether it flips fewer cannot be told from these seeds',
  }[row.answer ?? 'cannot-be-told'];
  return `${against}: ${formatRatio(mean)} times the negative flips (${seeds}); ${answer}.`;
}

export function matchSentence(table: ReportMethodTable): string {
  const what =
    table.axis === 'kl'
      ? `KL ${formatNumber(table.at)} nats from the start`
      : `reward gain ${formatSignedNumber(table.at)}`;
  return `Compared where every method has reached the same ${what}, interpolated along each run’s checkpoints; “between” names those.`;
}

function flipSentence(summary: ComparisonSummary): string {
  const { n, negativeFlips, positiveFlips } = summary;
  const { nfr, pfr } = shownRates(summary);
  const share = (rate: typeof nfr) =>
    `${formatPercent(rate.value)}, ${formatLevel(rate.level)} interval ${formatPercentRange(rate)}`;
  return `${formatCount(negativeFlips)} of ${formatCount(n.paired)} samples got worse (NFR ${share(nfr)}); ${formatCount(positiveFlips)} got better (PFR ${share(pfr)}).`;
}

function correctionSentence({ corrections, negativeFlips }: ComparisonSummary): string[] {
  if (corrections == null) return [];
  return [`${correctedCount(corrections, negativeFlips)}: the numbers here count the corrected verdicts.`];
}

function accuracySentence(summary: ComparisonSummary): string[] {
  const { accuracy, lostOfRight } = summary;
  if (accuracy.left === null || accuracy.right === null) return [];
  const lost =
    lostOfRight?.value == null ? '' : ` Of what was right before, ${formatPercent(lostOfRight.value)} is now wrong.`;
  const byMost = summary.attempts == null ? '' : 'Counting each sample by what most of its answers are: ';
  return [
    `${byMost}${byMost === '' ? 'A' : 'a'}ccuracy went from ${formatPercent(accuracy.left)} to ${formatPercent(accuracy.right)}.${lost}`,
  ];
}

function netSentence(summary: ComparisonSummary): string {
  const { value, level, mcnemarExactP, samplesToSettle } = summary.netChange;
  const settle =
    mcnemarExactP > 0.05 && samplesToSettle !== null
      ? ` About ${formatCount(samplesToSettle)} samples would settle it (80 % power) if the rates stayed as they are.`
      : '';
  const test = ` Exact McNemar test of that change: ${formatPValue(mcnemarExactP)}; flips in opposite directions cancel in it.`;
  return `Net change ${formatPoints(value)} (${formatLevel(level)} interval ${formatPointsRange(shownRates(summary).netChange)}).${test}${settle}`;
}

function clusterSentence({ clustered }: ComparisonSummary): string[] {
  if (clustered === null) return [];
  const { clusters, designEffect } = clustered.nfr;
  return [
    `Samples come in ${formatCount(clusters)} groups that are not independent; the intervals account for them (design effect of the NFR ${formatNumber(designEffect)}), McNemar’s p does not.`,
  ];
}

function scoreSentence({ scoreDelta }: ComparisonSummary): string[] {
  if (scoreDelta === null) return [];
  const { mean, low, high, method, seed, n } = scoreDelta;
  const how = method === 'paired-bootstrap' ? 'paired bootstrap' : 'paired bootstrap over groups';
  const interval =
    low === null ? 'no interval from one group' : `${formatLevel(scoreDelta.level)} interval ${formatRange(low, high)}`;
  return [
    `Mean score change ${formatSignedNumber(mean)} (${interval}; ${how}, seed ${seed}, ${formatCount(n)} samples with both scores).`,
  ];
}

function noiseSentence(floor: ReportComparison['noiseFloor'], decoding: string | null): string[] {
  if (floor === null) return decoding === null ? [] : [`Decoding: ${decoding}.`];
  const { excess } = floor;
  const interval =
    excess.low === null || excess.high === null
      ? ''
      : ` (95 % interval ${formatPointsRange({ low: excess.low, high: excess.high })})`;
  return [
    `${decoding === null ? '' : `Decoding: ${decoding}. `}Sampling alone flips ${formatPercent(floor.floor)} (two evaluations of the same checkpoint); NFR exceeds that by ${formatPoints(excess.value)}${interval}. ${formatCount(floor.solid)} negative flips are solid, ${formatCount(floor.flaky)} flaky.`,
  ];
}
