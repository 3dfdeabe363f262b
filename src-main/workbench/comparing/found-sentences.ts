import type { FrontierPoint, MitigationLedger } from '../../shared/contract/views.ts';
import type { MethodRow } from '../../shared/domain/statistics/matched-methods.ts';
import type { ReportMethodTable, ReportStudyTable } from '../../shared/domain/reports/report-model.ts';
import type { MatchedAxis } from '../../shared/domain/statistics/matched-curves.ts';
import type { OutputFloor } from '../../shared/domain/statistics/output-floor.ts';
import { suiteLabel, weightsName } from '../../shared/presentation/names.ts';
import { axisNames } from '../../shared/presentation/study-answer.ts';
import {
  formatCount,
  formatNumber,
  formatPercent,
  formatPercentRange,
  formatRatio,
  formatRatioRange,
  formatSignedNumber,
} from '../../shared/presentation/numbers.ts';
import { listed, plural } from '../../shared/presentation/words.ts';

/** What trainings came to, in sentences. Each follows from the numbers; no method is favoured in the wording. */

/** Where a run is now, and where it began. `now` has flips counted. */
export interface Outcome {
  runName: string;
  suiteName: string;
  start: FrontierPoint | undefined;
  now: FrontierPoint;
}

export function outcomeSentence({ runName, suiteName, start, now }: Outcome): string {
  const { counts, nfr, step } = now;
  const { negative, positive, n } = counts ?? { negative: 0, positive: 0, n: 0 };
  const rate = nfr === null ? '' : ` (NFR ${formatPercent(nfr.value)}, 95 % interval ${formatPercentRange(nfr)})`;
  const reward =
    start?.reward == null || now.reward === null
      ? ''
      : `; its reward went from ${formatNumber(start.reward, 3)} to ${formatNumber(now.reward, 3)}`;
  return `${weightsName(runName, step ?? 0)}, lost ${formatCount(negative)} of ${plural(n, 'sample')} of “${suiteLabel(suiteName)}”${rate} and won ${formatCount(positive)}${reward}.`;
}

export function accuracySentence({ start, now }: Outcome): string[] {
  if (start?.accuracy == null || now.accuracy === null) return [];
  return [
    `Accuracy went from ${formatPercent(start.accuracy)} to ${formatPercent(now.accuracy)}: the average alone does not show what was lost.`,
  ];
}

/** How methods compare at the same gain, and whether the guard does better than training less. */
export function matchedSentence({ at, rows, reference }: ReportMethodTable): string {
  const reached = rows.flatMap(({ method, nfr }) => (nfr === null ? [] : [`${method} ${formatPercent(nfr.mean)}`]));
  const seeds = Math.max(0, ...rows.map((row) => row.seeds.length));
  const told = rows.filter(({ answer }) => answer === 'fewer' || answer === 'more').map(answerText(reference));
  const verdict =
    told.length > 0
      ? `${told.join('; ')}.`
      : `${seeds === 1 ? 'One seed cannot' : `These ${formatCount(seeds)} seeds cannot`} tell such differences from chance.`;
  return `Where each has gained the same reward (${formatSignedNumber(at, 3)}), the share of samples lost is: ${listed(reached)}. ${verdict}`;
}

const answerText = (reference: string) => (row: MethodRow) =>
  `${row.method} loses ${row.answer === 'fewer' ? 'fewer' : 'more'} than ${reference} (${formatRatio(row.nfrRatio?.mean)} times as many, ${formatRatioRange(row.nfrRatio?.low, row.nfrRatio?.high)} over seeds)`;

export const guardQuestion = 'Does the guard do better than simply training less?';

/** What a guard is added to. */
export const plainMethods = ['DPO', 'PPO'];

/**
 * Whether the guard does better than simply training less: against interpolated weights, which gain the same with no guard at all.
 * `versus` is the table with these as the reference; null where there are none.
 */
export function guardAnswer(versus: ReportMethodTable | null): string[] {
  const less = versus?.rows.find(({ method }) => method === versus.reference);
  const guard = versus?.rows.find(({ method }) => method.endsWith('FlipGuard'));
  if (less?.nfr == null || guard?.nfr == null) return [];
  const others = versus?.rows.filter(({ method, nfr }) => plainMethods.includes(method) && nfr !== null) ?? [];
  const against = [
    `${formatPercent(less.nfr.mean)} for interpolated weights`,
    ...others.map(({ method, nfr }) => `${formatPercent(nfr?.mean)} for ${method}`),
  ];
  const numbers = `it lost ${formatPercent(guard.nfr.mean)}, against ${listed(against)}, each at the same reward (${formatSignedNumber(versus?.at, 3)})`;
  const question =
    guard.method === 'DPO + FlipGuard' ? guardQuestion : `Does ${guard.method} do better than simply training less?`;
  switch (guard.answer) {
    case 'fewer':
      return [`${question} Yes: ${numbers}.`];
    case 'more':
      return [`${question} No: ${numbers}.`];
    default: {
      const leaning = guard.nfr.mean < less.nfr.mean ? 'It looks so here' : 'Not here';
      const seeds = guard.seeds.length === 1 ? 'one seed' : `${formatCount(guard.seeds.length)} seeds`;
      return [`${question} ${leaning}: ${numbers}. With ${seeds} that may be chance.`];
    }
  }
}

export function guardSetSentence(runName: string, ledger: MitigationLedger): string {
  const { guardSet, repaired, stillBroken, newlyBroken } = ledger;
  return `Relaunched with the guard set “${guardSet}” (${runName}), ${formatCount(repaired)} of the ${formatCount(repaired + stillBroken)} lost samples came back, and ${formatCount(newlyBroken)} others were lost.`;
}

/** The paper's own flip of one run: its last evaluation on a suite of outputs. */
export interface OutputsOutcome {
  runName: string;
  negative: number;
  n: number;
  /** Of the NFR. */
  low: number;
  high: number;
  floor: OutputFloor | null;
}

/** Old output against new output, prompt by prompt, with what two samplings of the old model make. Nothing without a run. */
export function outputsSentence(suiteName: string, runs: readonly OutputsOutcome[]): string[] {
  const [first] = runs;
  if (first === undefined) return [];
  const told = runs.map(
    ({ runName, negative, n, ...range }, i) =>
      `${runName} ${i === 0 || n !== first.n ? `${formatCount(negative)} of ${formatCount(n)}` : formatCount(negative)} (${formatPercentRange(range)})`,
  );
  const floor = first.floor;
  const fallen = floor === null ? '' : `; ${floorText(floor)}`;
  return [`Prompts of “${suiteLabel(suiteName)}” whose reward fell below the old output's: ${listed(told)}${fallen}.`];
}

export function floorText(floor: OutputFloor): string {
  return `two samplings of the old model make ${formatCount(Math.round(floor.nfr * floor.n))} of ${formatCount(floor.n)} worse (${formatPercentRange(floor)})`;
}

/** Methods against the reference curve against curve, at every match; nothing where none was measured so. */
export function curveSentence(study: ReportStudyTable | null, check: string): string[] {
  const [first] = study?.checks.find((one) => one.check === check)?.tables ?? [];
  const matches = matchesOf(study, check);
  if (first === undefined) return [];
  const methods = [...Map.groupBy(matches, ({ method }) => method)].map(
    ([method, own]) => `${method} ${listed(own.map(ratioText))}`,
  );
  if (methods.length === 0) return [];
  return [
    `Negative flips over those of ${first.reference}, each along its own path from the old weights: ${methods.join('; ')}. ${surenessOf(matches)}`,
  ];
}

/** The same question of the demo, where each run has a path of its own: against the weights on the way to the plain method. */
export function guardAnswerAlong(study: ReportStudyTable | null, check: string): string[] {
  const tables = study?.checks.find((one) => one.check === check)?.tables ?? [];
  const sampled = tables.find(({ axis }) => axis === 'sampled-reward') ?? tables[0];
  const row = sampled?.rows.find(({ method }) => method.endsWith(' + FlipGuard'));
  if (sampled === undefined || row?.ratio == null) return [];
  const { mean, low, high, perSeed } = row.ratio;
  const range = low === null || high === null ? '' : ` (${formatRatioRange(low, high)})`;
  const numbers = `at ${axisNames[sampled.axis]} it lost ${formatRatio(mean)}${range} times as many as ${sampled.reference}, both along their own path`;
  if (row.answer === 'fewer') return [`${guardQuestion} Yes: ${numbers}.`];
  if (row.answer === 'more') return [`${guardQuestion} No: ${numbers}.`];
  const seeds = perSeed.length === 1 ? 'one seed' : `${formatCount(perSeed.length)} seeds`;
  return [
    `${guardQuestion} ${mean < 1 ? 'It looks so here' : 'Not here'}: ${numbers}. With ${seeds} that may be chance.`,
  ];
}

/** Moving less: weights on the way to a run, which needed no training. */
export function halfwaySentence(runName: string, middle: FrontierPoint | undefined, end: FrontierPoint): string[] {
  if (middle?.counts == null || end.counts === null || middle.reward === null || end.reward === null) return [];
  return [
    `Moving less loses less: ${middle.runName} lost ${formatCount(middle.counts.negative)} at a reward of ${formatNumber(middle.reward, 3)}, ${runName} itself ${formatCount(end.counts.negative)} at ${formatNumber(end.reward, 3)}.`,
  ].filter(() => (middle.counts?.negative ?? 0) < (end.counts?.negative ?? 0));
}

/** Every ratio that a check has, of every method. */
export function matchesOf(study: ReportStudyTable | null, check: string): Match[] {
  const tables = study?.checks.find((one) => one.check === check)?.tables ?? [];
  return (study?.methods ?? []).flatMap(({ method }) =>
    tables.flatMap(({ axis, rows }) => {
      const ratio = rows.find((row) => row.method === method)?.ratio ?? null;
      return ratio === null ? [] : [{ method, axis, ...ratio }];
    }),
  );
}

export interface Match {
  method: string;
  axis: MatchedAxis;
  mean: number;
  low: number | null;
  high: number | null;
}

function ratioText({ axis, mean, low, high }: Match): string {
  const range = low === null || high === null ? '' : ` (${formatRatioRange(low, high)})`;
  return `${formatRatio(mean)}${range} at ${axisNames[axis]}`;
}

export function surenessOf(matches: readonly Match[]): string {
  if (matches.every(({ low }) => low === null)) return 'With one seed there is no interval: any of it may be chance.';
  const told = matches.filter(({ low, high }) => (high !== null && high < 1) || (low !== null && low > 1));
  if (told.length === 0) return 'No interval leaves 1 out: none of it can be told from chance.';
  return `An interval leaves 1 out for ${listed(told.map(({ method, axis }) => `${method} at ${axisNames[axis]}`))}; the rest may be chance.`;
}

export function unguardedSentence(negative: number): string[] {
  if (negative === 0) return [];
  return [
    negative === 1
      ? 'Nothing holds that sample yet: look at it, put it into a guard set and relaunch.'
      : `Nothing holds these ${formatCount(negative)} samples yet: look at them, put them into a guard set and relaunch.`,
  ];
}
