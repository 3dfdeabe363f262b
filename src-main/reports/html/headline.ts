import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { basisSentence, comparisonFindings } from '../findings.ts';
import {
  formatCount,
  formatLevel,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
} from '../../shared/presentation/numbers.ts';
import type { ReportComparison, ReportModel } from '../../shared/domain/reports/report-model.ts';
import { comparisonName } from '../../shared/presentation/names.ts';
import { shownRates } from '../../shared/presentation/rates.ts';
import { intervalBar } from './charts.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

/** What happened, per comparison: the figures, the square of old against new, and the findings in sentences. */
export function headlineSection({ comparisons }: ReportModel): Markup | false {
  if (comparisons.length === 0) return false;
  return markup`<section id="headline"><h2>What changed</h2>${comparisons.map((comparison) => comparisonBlock(comparison, comparisons.length > 1))}</section>`;
}

function comparisonBlock(comparison: ReportComparison, titled: boolean): Markup {
  const { summary } = comparison;
  return markup`${titled && markup`<h3><bdi>${comparison.title}</bdi></h3>`}
<p class="versus"><bdi>${comparisonName(summary.left.name, summary.right.name)}</bdi></p>
<p class="basis">${basisSentence(summary)}</p>
${figures(summary)}${summary.clustered !== null && markup`<p class="basis">The intervals account for the ${formatCount(summary.clustered.nfr.clusters)} groups that the samples come in.</p>`}
<div class="pair">${square(summary)}${forest(summary)}</div>
<ul class="findings">${comparisonFindings(comparison).map((sentence) => markup`<li>${sentence}</li>`)}</ul>`;
}

function figures(summary: ComparisonSummary): Markup {
  const { accuracy } = summary;
  const { nfr, pfr, netChange } = shownRates(summary);
  return markup`<dl class="figures">
${figure('▼ Negative flips', 'negative', formatCount(summary.negativeFlips), `${formatPercent(nfr.value)}, ${formatPercentRange(nfr)}`)}
${figure('▲ Positive flips', 'positive', formatCount(summary.positiveFlips), `${formatPercent(pfr.value)}, ${formatPercentRange(pfr)}`)}
${figure('Net change', '', formatPoints(netChange.value), formatPointsRange(netChange))}
${accuracy.left !== null && figure('Accuracy, old to new', '', formatPercent(accuracy.right), `from ${formatPercent(accuracy.left)}`)}
${figure('Paired samples', '', formatCount(summary.n.paired), `${formatCount(summary.n.unmatchedLeft + summary.n.unmatchedRight)} unmatched`)}
</dl>`;
}

function figure(name: string, kind: 'negative' | 'positive' | '', value: string, detail: string): Markup {
  return markup`<div class="figure"><dt class="${kind}">${name}</dt><dd class="value">${value}</dd><dd class="detail">${detail}</dd></div>`;
}

/** Old against new. Under the margin rule there is no right and wrong, and no square. */
function square({ accuracy, n, negativeFlips, positiveFlips }: ComparisonSummary): Markup | false {
  if (accuracy.left === null) return false;
  const keptRight = Math.round(accuracy.left * n.paired) - negativeFlips;
  const keptWrong = n.paired - keptRight - negativeFlips - positiveFlips;
  return markup`<table class="square"><caption>Old verdict by row, new verdict by column</caption>
<thead><tr><td></td><th scope="col" class="n">new right</th><th scope="col" class="n">new wrong</th></tr></thead>
<tbody><tr><th scope="row">old right</th><td>${formatCount(keptRight)}</td><td class="negative">▼ ${formatCount(negativeFlips)}</td></tr>
<tr><th scope="row">old wrong</th><td class="positive">▲ ${formatCount(positiveFlips)}</td><td>${formatCount(keptWrong)}</td></tr></tbody></table>`;
}

function forest(summary: ComparisonSummary): Markup {
  const { nfr, pfr, netChange } = shownRates(summary);
  const rows = [
    { name: '▼ NFR', kind: 'negative', interval: nfr },
    { name: '▲ PFR', kind: 'positive', interval: pfr },
    { name: 'Net change', kind: 'net', interval: netChange },
  ] as const;
  const reach = Math.max(...rows.flatMap(({ interval }) => [Math.abs(interval.low), Math.abs(interval.high)]));
  const domain = [Math.min(0, ...rows.map(({ interval }) => interval.low)), reach] as const;
  return markup`<table><caption>Rates with ${formatLevel(summary.nfr.level)} intervals</caption><tbody>${rows.map(
    ({ name, kind, interval }) =>
      markup`<tr><th scope="row">${name}</th><td class="plot">${intervalBar(interval, domain, kind)}</td><td class="n">${kind === 'net' ? formatPoints(interval.value) : formatPercent(interval.value)}</td><td class="n">${kind === 'net' ? formatPointsRange(interval) : formatPercentRange(interval)}</td></tr>`,
  )}</tbody></table>`;
}
