import type { FrontierPoint, MitigationLedger } from '../../shared/contract/views.ts';
import type { MethodRow } from '../../shared/domain/statistics/matched-methods.ts';
import type { ReportMethodTable } from '../../shared/domain/reports/report-model.ts';
import { suiteLabel, weightsName } from '../../shared/presentation/names.ts';
import {
  formatCount,
  formatNumber,
  formatPercent,
  formatPercentRange,
  formatRange,
  formatSignedNumber,
} from '../../shared/presentation/numbers.ts';
import { plural } from '../../shared/presentation/words.ts';

/** What trainings came to, in sentences. Each follows from the numbers; no method is favoured in the wording. */

/** Where a run stands now, and where it began. `now` has flips counted. */
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

/** How methods stand at the same gain, and whether the guard does better than training less. */
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
  `${row.method} loses ${row.answer === 'fewer' ? 'fewer' : 'more'} than ${reference} (${formatNumber(row.nfrRatio?.mean ?? null, 2)} times as many, ${formatRange(row.nfrRatio?.low, row.nfrRatio?.high)} over seeds)`;

export const guardQuestion = 'Does the guard do better than simply training less?';

/** What a guard is added to. */
const plainMethods = ['DPO', 'PPO'];

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

export function unguardedSentence(negative: number): string[] {
  if (negative === 0) return [];
  return [
    negative === 1
      ? 'Nothing holds that sample yet: look at it, put it into a guard set and relaunch.'
      : `Nothing holds these ${formatCount(negative)} samples yet: look at them, put them into a guard set and relaunch.`,
  ];
}

function listed(parts: readonly string[]): string {
  const last = parts.at(-1) ?? '';
  return parts.length < 2 ? last : `${parts.slice(0, -1).join(', ')} and ${last}`;
}
