import { describeRule } from '../shared/domain/flips.ts';
import type { ComparisonSummary } from '../shared/domain/statistics/comparison-summary.ts';
import * as print from './numbers.ts';
import type { ReportComparison, ReportMethodTable } from '../shared/domain/reports/report-model.ts';

/** What the numbers say, in sentences. Every sentence follows from the model; no method is favoured in the wording. */
export function comparisonFindings({
  summary,
  noiseFloor,
  decoding,
}: Pick<ReportComparison, 'summary' | 'noiseFloor' | 'decoding'>): string[] {
  return [
    flipSentence(summary),
    ...accuracySentence(summary),
    netSentence(summary),
    ...clusterSentence(summary),
    ...scoreSentence(summary),
    ...noiseSentence(noiseFloor, decoding),
  ];
}

/** The rule and the counts behind N, which stand beside every comparison. */
export function basisSentence({ rule, n }: ComparisonSummary): string {
  const outside = [
    [n.unmatchedLeft, 'only in the old evaluation'],
    [n.unmatchedRight, 'only in the new one'],
    [n.missingVerdict, 'without a verdict on a side'],
    [n.tied, 'tied and left out'],
  ] as const;
  const left = outside.filter(([samples]) => samples > 0).map(([samples, why]) => `${print.count(samples)} ${why}`);
  const rest = left.length === 0 ? 'none left out' : `not counted: ${left.join(', ')}`;
  return `A negative flip: ${describeRule(rule)}. ${print.count(n.paired)} paired samples, ${rest}.`;
}

export function methodFinding(table: ReportMethodTable, row: ReportMethodTable['rows'][number]): string {
  const against = `${row.method} against ${table.reference}`;
  if (row.nfrRatio === null) return `${against}: no seed lets them be compared here.`;
  const { mean, low, high, perSeed } = row.nfrRatio;
  const seeds =
    perSeed.length === 1 ? 'one seed, so no interval' : `${perSeed.length} seeds, ${print.range(low, high)}`;
  const answer = {
    fewer: 'fewer negative flips',
    more: 'more negative flips',
    'cannot-be-told': 'whether it flips fewer cannot be told from these seeds',
  }[row.answer ?? 'cannot-be-told'];
  return `${against}: ${print.number(mean)} times the negative flips (${seeds}); ${answer}.`;
}

export function matchSentence(table: ReportMethodTable): string {
  const what =
    table.axis === 'kl'
      ? `KL ${print.number(table.at)} nats from the start`
      : `reward gain ${print.signedNumber(table.at)}`;
  return `Compared where every method has reached the same ${what}, interpolated along each run’s checkpoints; “between” names those.`;
}

function flipSentence({ n, negativeFlips, positiveFlips, nfr, pfr }: ComparisonSummary): string {
  const share = (rate: typeof nfr) =>
    `${print.percent(rate.value)}, ${level(rate.level)} interval ${print.percentRange(rate)}`;
  return `${print.count(negativeFlips)} of ${print.count(n.paired)} samples got worse (NFR ${share(nfr)}); ${print.count(positiveFlips)} got better (PFR ${share(pfr)}).`;
}

function accuracySentence({ accuracy, lostOfRight }: ComparisonSummary): string[] {
  if (accuracy.left === null || accuracy.right === null) return [];
  const lost =
    lostOfRight?.value == null ? '' : ` Of what was right before, ${print.percent(lostOfRight.value)} is now wrong.`;
  return [`Accuracy went from ${print.percent(accuracy.left)} to ${print.percent(accuracy.right)}.${lost}`];
}

function netSentence({ netChange }: ComparisonSummary): string {
  const { value, low, high, mcnemarExactP, samplesToSettle } = netChange;
  const settle =
    mcnemarExactP > 0.05 && samplesToSettle !== null
      ? ` About ${print.count(samplesToSettle)} samples would settle it (80 % power) if the rates stayed as they are.`
      : '';
  return `Net change ${print.points(value)} (${level(netChange.level)} interval ${print.pointsRange({ low, high })}; exact McNemar p = ${print.pValue(mcnemarExactP)}, which answers net change only).${settle}`;
}

function clusterSentence({ clustered }: ComparisonSummary): string[] {
  if (clustered === null) return [];
  const { nfr, netChange } = clustered;
  return [
    `Samples come in ${print.count(nfr.clusters)} groups that are not independent; taking that into account the NFR interval is ${print.percentRange(nfr)} (design effect ${print.number(nfr.designEffect)}) and that of the net change ${print.pointsRange(netChange)}. McNemar’s p knows nothing of groups.`,
  ];
}

function scoreSentence({ scoreDelta }: ComparisonSummary): string[] {
  if (scoreDelta === null) return [];
  const { mean, low, high, method, seed, n } = scoreDelta;
  const how = method === 'paired-bootstrap' ? 'paired bootstrap' : 'paired bootstrap over groups';
  const interval =
    low === null ? 'no interval from one group' : `${level(scoreDelta.level)} interval ${print.range(low, high)}`;
  return [
    `Mean score change ${print.signedNumber(mean)} (${interval}; ${how}, seed ${seed}, ${print.count(n)} samples with both scores).`,
  ];
}

function noiseSentence(floor: ReportComparison['noiseFloor'], decoding: string | null): string[] {
  if (floor === null) return decoding === null ? [] : [`Decoding: ${decoding}.`];
  const { excess } = floor;
  const interval =
    excess.low === null || excess.high === null
      ? ''
      : ` (95 % interval ${print.pointsRange({ low: excess.low, high: excess.high })})`;
  return [
    `${decoding === null ? '' : `Decoding: ${decoding}. `}Sampling alone flips ${print.percent(floor.floor)} (two evaluations of the same checkpoint); NFR exceeds that by ${print.points(excess.value)}${interval}. ${print.count(floor.solid)} negative flips are solid, ${print.count(floor.flaky)} flaky.`,
  ];
}

function level(value: number): string {
  return `${print.number(value * 100)} %`;
}
