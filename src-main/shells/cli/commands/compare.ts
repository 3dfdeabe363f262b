import type { FlipFilter } from '../../../shared/domain/flip-view.ts';
import { parseRule } from '../../../shared/domain/flips.ts';
import { negativeFlipUnder } from '../../../shared/presentation/rules.ts';
import type { ComparisonSummary } from '../../../shared/domain/statistics/comparison-summary.ts';
import { adjustedP, correctionNames } from '../../../shared/domain/statistics/multiple-tests.ts';
import type { Correction } from '../../../shared/domain/statistics/multiple-tests.ts';
import { comparisonFindings } from '../../../reports/findings.ts';
import { formatP, formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import { comparisonName } from '../../../shared/presentation/names.ts';
import { shownRates } from '../../../shared/presentation/rates.ts';
import type { CommandContext } from '../context.ts';
import type { CompareFlags, PairFlags } from '../options/comparisons.ts';
import { plain, table } from '../terminal.ts';

export async function compareCommand(
  { terminal, workbench, task }: CommandContext,
  left: string,
  right: string,
  options: CompareFlags,
): Promise<void> {
  const opened = await workbench();
  const comparison = await openComparison({ task }, opened, left, right, options);
  const filter: FlipFilter = options.slice === undefined ? {} : { slices: [options.slice] };
  const summary = await opened.comparisons.summary(comparison.id, filter);
  terminal.settle();
  terminal.document(summary);
  terminal.print(describe(summary, options.correction));
}

/** The comparison that LEFT, RIGHT, --suite and --rule name, built. */
export async function openComparison(
  { task }: Pick<CommandContext, 'task'>,
  workbench: Workbench,
  left: string,
  right: string,
  { rule, suite }: PairFlags,
) {
  const parsed = parseRule(rule);
  const [old, now] = await workbench.evaluations.pair(left, right, suite);
  return workbench.comparisons.ready(old.id, now.id, parsed, task);
}

function describe(summary: ComparisonSummary, correction: Correction): string {
  const { left, right, n } = summary;
  const { nfr, pfr } = shownRates(summary);
  const lines = [
    plain(comparisonName(left.name, right.name)),
    `Rule: ${negativeFlipUnder(summary.rule)}.`,
    `Samples: ${n.paired} paired; ${n.unmatchedLeft} only left, ${n.unmatchedRight} only right, ${n.missingVerdict} without a verdict, ${n.tied} ties left out.`,
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
    ...comparisonFindings({ summary, noiseFloor: null, decoding: null }).slice(1),
  ];
  return [...lines, ...sliceLines(summary, correction)].join('\n');
}

function sliceLines({ slices }: ComparisonSummary, correction: Correction): string[] {
  if (slices.length === 0) return [];
  const worst = [...slices].sort((a, b) => adjustedP(a, correction) - adjustedP(b, correction)).slice(0, 20);
  const rows = worst.map((slice) => [
    slice.name,
    slice.n,
    slice.negativeFlips,
    formatPercent(slice.nfr.value),
    formatP(adjustedP(slice, correction)),
  ]);
  return ['', table(['Slice', 'N', 'Negative', 'NFR', `p (${correctionNames[correction]})`], rows)];
}
