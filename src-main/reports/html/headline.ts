import type { ComparisonSummary } from '../../shared/domain/statistics/comparison-summary.ts';
import { basisSentence, comparisonFindings } from '../findings.ts';
import * as print from '../numbers.ts';
import type { ReportComparison, ReportModel } from '../../shared/domain/reports/report-model.ts';
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
<p class="versus"><bdi>${summary.left.name}</bdi><span class="arrow" aria-label="against">→</span><bdi>${summary.right.name}</bdi></p>
<p class="basis">${basisSentence(summary)}</p>
${figures(summary)}${summary.clustered !== null && markup`<p class="basis">The intervals in the boxes take the groups of samples together.</p>`}
<div class="pair">${square(summary)}${forest(summary)}</div>
<ul class="findings">${comparisonFindings(comparison).map((sentence) => markup`<li>${sentence}</li>`)}</ul>`;
}

function figures(summary: ComparisonSummary): Markup {
  const { nfr, pfr, netChange, accuracy, clustered } = summary;
  const honest = clustered?.nfr ?? nfr;
  const honestPositive = clustered?.pfr ?? pfr;
  const honestNet = clustered?.netChange ?? netChange;
  return markup`<dl class="figures">
${figure('▼ Negative flips', 'negative', print.count(summary.negativeFlips), `${print.percent(nfr.value)}, ${print.percentRange(honest)}`)}
${figure('▲ Positive flips', 'positive', print.count(summary.positiveFlips), `${print.percent(pfr.value)}, ${print.percentRange(honestPositive)}`)}
${figure('Net change', '', print.points(netChange.value), print.pointsRange(honestNet))}
${accuracy.left !== null && figure('Accuracy, old to new', '', print.percent(accuracy.right), `from ${print.percent(accuracy.left)}`)}
${figure('Paired samples', '', print.count(summary.n.paired), `${print.count(summary.n.unmatchedLeft + summary.n.unmatchedRight)} unmatched`)}
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
<tbody><tr><th scope="row">old right</th><td>${print.count(keptRight)}</td><td class="negative">▼ ${print.count(negativeFlips)}</td></tr>
<tr><th scope="row">old wrong</th><td class="positive">▲ ${print.count(positiveFlips)}</td><td>${print.count(keptWrong)}</td></tr></tbody></table>`;
}

function forest(summary: ComparisonSummary): Markup {
  const { nfr, pfr, netChange, clustered } = summary;
  const rows = [
    { name: '▼ NFR', kind: 'negative', interval: nfr },
    ...(clustered === null
      ? []
      : [{ name: '▼ NFR, groups taken together', kind: 'negative', interval: clustered.nfr } as const]),
    { name: '▲ PFR', kind: 'positive', interval: pfr },
    ...(clustered === null
      ? []
      : [{ name: '▲ PFR, groups taken together', kind: 'positive', interval: clustered.pfr } as const]),
    { name: 'Net change', kind: 'net', interval: netChange },
    ...(clustered === null
      ? []
      : [{ name: 'Net change, groups taken together', kind: 'net', interval: clustered.netChange } as const]),
  ] as const;
  const reach = Math.max(...rows.flatMap(({ interval }) => [Math.abs(interval.low), Math.abs(interval.high)]));
  const domain = [Math.min(0, ...rows.map(({ interval }) => interval.low)), reach] as const;
  return markup`<table><caption>Rates with ${print.number(nfr.level * 100)} % intervals</caption><tbody>${rows.map(
    ({ name, kind, interval }) =>
      markup`<tr><th scope="row">${name}</th><td class="plot">${intervalBar(interval, domain, kind)}</td><td class="n">${kind === 'net' ? print.points(interval.value) : print.percent(interval.value)}</td><td class="n">${kind === 'net' ? print.pointsRange(interval) : print.percentRange(interval)}</td></tr>`,
  )}</tbody></table>`;
}
