import type { FlipFilter } from '../../../shared/domain/flip-view.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { parseRule } from '../../../shared/domain/flip-rules.ts';
import { parsePairBy } from '../../../shared/domain/pairing.ts';
import { negativeFlipUnder } from '../../../shared/presentation/rules.ts';
import { blameSentences, kindLabel, kindSentence, kindShares } from '../../../shared/domain/kinds/kind-sentences.ts';
import type { ChangeSummary } from '../../../shared/domain/statistics/change-summary.ts';
import type { ChangeEstimate } from '../../../shared/domain/statistics/attempt-summary-schema.ts';
import type { NoiseFloor } from '../../../shared/domain/statistics/noise-floor.ts';
import type { ComparisonSummary } from '../../../shared/domain/statistics/comparison-summary.ts';
import { adjustedP, correctionNames } from '../../../shared/domain/statistics/multiple-tests.ts';
import type { Correction } from '../../../shared/domain/statistics/multiple-tests.ts';
import { comparisonFindings, measureSentences } from '../../../reports/findings.ts';
import {
  formatNumber,
  formatP,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
  formatRange,
} from '../../../shared/presentation/numbers.ts';
import { noiseFloorOf } from '../../../workbench/comparing/noise-floor.ts';
import { ruleOfPair } from '../../../workbench/runs/flip-meter.ts';
import { findByName } from '../../../workbench/workspace/names.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import { comparisonName } from '../../../shared/presentation/names.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { shownRates } from '../../../shared/presentation/rates.ts';
import { slicesLeftOutNote } from '../../../shared/presentation/slices.ts';
import type { CommandContext } from '../context.ts';
import type { CompareFlags, PairFlags } from '../options/comparisons.ts';
import { plain, table } from '../terminal.ts';
import { statementLines, statementsDocument } from './flip-groups.ts';

export async function compareCommand(
  { terminal, workbench, task }: CommandContext,
  left: string,
  right: string,
  options: CompareFlags,
): Promise<void> {
  const opened = await workbench();
  const comparison = await openComparison({ task }, opened, left, right, options);
  const filter: FlipFilter = {
    ...(options.slice === undefined ? {} : { slices: [options.slice] }),
    ...(options.withoutTrained === true ? { trained: 'without' as const } : {}),
  };
  if (options.slice !== undefined) await requireSlice(opened, comparison.id, options.slice);
  const summary = await opened.comparisons.summary(comparison.id, filter);
  const kinds = await opened.comparisons.kinds(comparison.id, filter, task);
  const words = await opened.comparisons.statements(comparison.id, { ...filter, kinds: ['negative'] }, task);
  const floor = options.repeat === undefined ? null : await floorOf({ task }, opened, comparison.id, options.repeat);
  const others = options.suite === undefined ? await otherSuites(opened, left, right) : [];
  terminal.settle();
  const trainedOn = await trainedSamples(opened, comparison.id);
  terminal.document({
    ...summary,
    kinds,
    inCommon: statementsDocument(words),
    trainedOn,
    ...(floor === null ? {} : { noiseFloor: floor }),
  });
  if (trainedOn > 0 && options.withoutTrained !== true) {
    terminal.print(
      `! ${trainedOn} of the samples have a prompt that a run of these was trained on. --without-trained leaves them out.`,
    );
  }
  terminal.print(
    [describe(summary, options.correction, floor), ...kindLines(summary, kinds), ...statementLines(words)].join('\n'),
  );
  if (others.length > 0)
    terminal.note(`Both sides have further suites: ${others.join(', ')}. Choose one with --suite.`);
}

/** How many samples of a comparison were trained on by a run of one of its sides. */
async function trainedSamples({ core }: Workbench, comparisonId: string): Promise<number> {
  const { trained } = await core.store.flipFacets(comparisonId, {});
  return trained[0]?.count ?? 0;
}

/** Suites that both sides have, but for the one that is compared. */
async function otherSuites({ evaluations }: Workbench, left: string, right: string): Promise<string[]> {
  const pairs = await evaluations.pairs(left, right);
  return pairs.slice(1).map(([, { suiteName }]) => suiteName);
}

/** The comparison that LEFT, RIGHT, --suite and --rule name, built. */
export async function openComparison(
  { task }: Pick<CommandContext, 'task'>,
  workbench: Workbench,
  left: string,
  right: string,
  { rule, suite, pairBy = 'auto', variant }: PairFlags,
) {
  const parsed = rule === undefined ? null : parseRule(rule);
  const paired = parsePairBy(pairBy);
  let [old, now] = await workbench.evaluations.pair(left, right, suite);
  if (variant !== undefined) {
    old = await workbench.imports.withVariant(old, variant, task);
    now = await workbench.imports.withVariant(now, variant, task);
  }
  return workbench.comparisons.ready(old.id, now.id, parsed ?? ruleOfPair(old, now), task, paired);
}

/** What two evaluations of the old model under different seeds differ in: so much flips without any update. */
async function floorOf(
  { task }: Pick<CommandContext, 'task'>,
  { core, comparisons, evaluations }: Workbench,
  comparisonId: string,
  repeat: string,
): Promise<NoiseFloor | null> {
  const again = findByName('evaluation', await evaluations.list(), repeat);
  await core.store.setNoiseFloor(comparisonId, again.id, null);
  return noiseFloorOf(core, comparisons, await comparisons.get(comparisonId), task);
}

function describe(summary: ComparisonSummary, correction: Correction, noiseFloor: NoiseFloor | null): string {
  const { left, right, n } = summary;
  const { nfr, pfr } = shownRates(summary);
  const lines = [
    plain(comparisonName(left.name, right.name)),
    ...measureLines(summary).map(plain),
    `Rule: ${negativeFlipUnder(summary.rule)}.`,
    ...(summary.pairing === undefined ? [] : [plain(pairingLine(summary.pairing))]),
    `Samples: ${n.paired} paired; ${n.unmatchedLeft} only in old, ${n.unmatchedRight} only in new, ${n.missingVerdict} without a verdict, ${plural(n.tied, 'tie')} left out.`,
    '',
    table(
      ['', 'Count', 'Rate', '95 % interval'],
      [
        ['Negative flips', summary.negativeFlips, formatPercent(nfr.value), formatPercentRange(nfr)],
        ['Positive flips', summary.positiveFlips, formatPercent(pfr.value), formatPercentRange(pfr)],
      ],
    ),
    '',
    // The first sentence says what the table has said.
    ...comparisonFindings({ summary, noiseFloor, decoding: null }).slice(1 + measureSentences(summary).length),
  ];
  return [...lines, ...passLines(summary), ...sliceLines(summary, correction)].join('\n');
}

/** What judged the two sides, and a warning first of all where it was not the same. */
function measureLines(summary: ComparisonSummary): string[] {
  const { measure } = summary;
  if (measure === undefined) return [];
  const warnings = measureSentences(summary);
  const choice =
    measure.difference !== null && measure.variants.length > 0
      ? [`Both sources have: ${measure.variants.join(', ')}. Compare by one of them with --variant.`]
      : [];
  const judged =
    measure.left === measure.right
      ? measure.left === ''
        ? []
        : [`Judged by: ${measure.left}.`]
      : [`Judged by: ${measure.left || 'not said'} (old); ${measure.right || 'not said'} (new).`];
  const others = choice.length === 0 && measure.others != null ? [measure.others] : [];
  return [...warnings.map((text) => `! ${text}`), ...choice, ...judged, ...(measure.judges ?? []), ...others];
}

function pairingLine({ by, note }: NonNullable<ComparisonSummary['pairing']>): string {
  return `Paired by ${by}.${note === null ? '' : ` ${note}`}`;
}

/** What went wrong, in a line, and a table of the kinds with their background. */
function kindLines({ negativeFlips }: ComparisonSummary, kinds: ChangeSummary): string[] {
  const sentence = kindSentence(kinds, 'negative', negativeFlips);
  if (sentence === null) return [];
  const rows = kindShares(kinds, 'negative').map(({ name, count }) => {
    const kind = kinds[name];
    const lift = kind?.lift;
    return [
      kindLabel(name),
      count,
      kind?.unchanged ?? 0,
      formatNumber(lift?.value ?? null, 3),
      lift ? formatRange(lift.low, lift.high) : '–',
      typeof kind?.pHolm === 'number' ? formatP(kind.pHolm) : '–',
    ];
  });
  return [
    '',
    sentence,
    ...blameSentences(kinds, negativeFlips),
    ...(rows.length === 0
      ? []
      : ['', table(['Kind', 'Negative', 'Unchanged', 'Lift', '95 % interval', 'p (Holm)'], rows)]),
  ];
}

/** Where samples were answered several times: what k answers would give, for each k. */
function passLines({ attempts }: ComparisonSummary): string[] {
  if (attempts == null) return [];
  const shown = ({ low, high }: ChangeEstimate) =>
    low === null || high === null ? '–' : formatPointsRange({ low, high });
  const rows = [
    ...attempts.passAt.map((row) => ['pass@', row] as const),
    ...attempts.passAll.map((row) => ['pass^', row] as const),
  ]
    // Of one answer both are avg@k.
    .filter(([name, { k }]) => k > 1 || name === 'pass@')
    .map(([name, { k, left, right, change }]) => [
      `${name}${k}`,
      formatPercent(left.value),
      formatPercent(right.value),
      formatPoints(change.value),
      shown(change),
    ]);
  return ['', table(['', 'Old', 'New', 'Change', '95 % interval'], rows)];
}

function sliceLines(summary: ComparisonSummary, correction: Correction): string[] {
  const { slices } = summary;
  if (slices.length === 0) return [];
  const note = slicesLeftOutNote(summary);
  const worst = [...slices].sort((a, b) => adjustedP(a, correction) - adjustedP(b, correction)).slice(0, 20);
  const rows = worst.map((slice) => [
    slice.name,
    slice.n,
    slice.negativeFlips,
    formatPercent(slice.nfr.value),
    formatP(adjustedP(slice, correction)),
  ]);
  const heads = ['Slice', 'N', 'Negative', 'NFR', `p (${correctionNames[correction]})`];
  return ['', table(heads, rows), ...(note === null ? [] : [note])];
}

/** @throws WorkbenchError naming the slices there are: no sample at all would read as no flips. */
export async function requireSlice({ comparisons }: Workbench, comparisonId: string, slice: string): Promise<void> {
  const { n } = await comparisons.summary(comparisonId, { slices: [slice] });
  if (Object.values(n).some((count) => count > 0)) return;
  const { slices } = await comparisons.summary(comparisonId, {});
  const known = slices.slice(0, 12).map(({ name }) => `“${plain(name)}”`);
  throw new WorkbenchError('not-found', `No sample is in a slice “${plain(slice)}”.`, {
    remedy:
      known.length === 0
        ? 'These samples are in no slices.'
        : `There is: ${known.join(', ')}${slices.length > known.length ? ', …' : ''}.`,
    place: { field: 'slice' },
  });
}
