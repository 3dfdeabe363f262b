import { matchSentence, methodFinding } from '../findings.ts';
import {
  formatCount,
  formatLevel,
  formatMeanRange,
  formatNumber,
  formatP,
  formatPercent,
  formatPercentRange,
  formatRatio,
  nothing,
} from '../../shared/presentation/numbers.ts';
import type {
  ReportChart,
  ReportComparison,
  ReportMethodTable,
  ReportModel,
} from '../../shared/domain/reports/report-model.ts';
import { adjustedP, correctionNames, groupedSlicesNote } from '../../shared/domain/statistics/multiple-tests.ts';
import { studyTables } from '../../shared/presentation/study-tables.ts';
import type { StudyTableView } from '../../shared/presentation/study-tables.ts';
import { slicesLeftOutNote } from '../../shared/presentation/slices.ts';
import type { Correction } from '../../shared/domain/statistics/multiple-tests.ts';
import { seriesLooks } from '../../shared/domain/reports/series-looks.ts';
import { intervalBar, lineChart } from './charts.ts';
import { markup } from './markup.ts';
import type { Content, Markup } from './markup.ts';

type OverSeeds = ReportMethodTable['rows'][number]['nfr'];

export function slicesSection({ comparisons, correction }: ReportModel): Markup | false {
  const sliced = comparisons.filter(
    ({ summary, search }) => summary.slices.length > 0 || (search?.found.length ?? 0) > 0,
  );
  if (sliced.length === 0) return false;
  const titled = comparisons.length > 1;
  return markup`<section id="slices"><h2>Where it got worse</h2>
<p class="note">p: more negative flips in the slice than in the rest, one-sided Fisher test, adjusted after ${correctionNames[correction]} over all slices of the table${correction === 'bh' && ', which bounds the share of false alarms among the alarms'}. Slices overlap. ${sliced.some(({ summary }) => summary.clustered !== null) && `${groupedSlicesNote} `}Lost, of those right before: of what the old model got right, the share that is lost; where it is the same in a slice and in the rest, the slice holds more flips only because it had more to lose.</p>
${sliced.map((comparison) => [titled && markup`<h3><bdi>${comparison.title}</bdi></h3>`, sliceTable(comparison, correction), leftOut(comparison), searchTable(comparison, correction)])}</section>`;
}

function sliceTable({ summary: { slices } }: ReportComparison, correction: Correction): Markup | false {
  if (slices.length === 0) return false;
  const domain = [0, Math.max(...slices.map(({ nfr }) => nfr.high))] as const;
  const worstFirst = [...slices].sort((a, b) => (b.nfr.value ?? -1) - (a.nfr.value ?? -1));
  return sortable(
    'Slices',
    ['slice', '#n', '#▼ negative', '#▲ positive', '#NFR', '!interval', '', `#p (${correctionNames[correction]})`],
    worstFirst.map((slice) => [
      name(slice.name),
      num(slice.n, formatCount(slice.n)),
      num(slice.negativeFlips, formatCount(slice.negativeFlips)),
      num(slice.positiveFlips, formatCount(slice.positiveFlips)),
      num(slice.nfr.value ?? -1, formatPercent(slice.nfr.value)),
      markup`<td class="n">${formatPercentRange(slice.nfr)}</td>`,
      markup`<td class="plot">${intervalBar(slice.nfr, domain, 'negative')}</td>`,
      num(adjustedP(slice, correction), formatP(adjustedP(slice, correction))),
    ]),
  );
}

function leftOut({ summary }: ReportComparison): Markup | false {
  const note = slicesLeftOutNote(summary);
  return note !== null && markup`<p class="note">${note}</p>`;
}

function searchTable({ search }: ReportComparison, correction: Correction): Markup | false {
  if (search === null || search.found.length === 0) return false;
  return sortable(
    `Found by searching ${formatCount(search.tried)} candidates; p is adjusted for all of them. A lead to check on fresh samples.`,
    [
      'slice',
      '#n',
      '#▼ negative',
      '#NFR',
      '#of the rest',
      '#lost of right',
      '#of the rest',
      `#p (${correctionNames[correction]})`,
    ],
    search.found.map((slice) => [
      name(slice.name),
      num(slice.n, formatCount(slice.n)),
      num(slice.negativeFlips, formatCount(slice.negativeFlips)),
      num(slice.nfr.value ?? -1, formatPercent(slice.nfr.value)),
      num(slice.restNfr.value ?? -1, formatPercent(slice.restNfr.value)),
      num(slice.lostOfRight?.value ?? -1, formatPercent(slice.lostOfRight?.value ?? null)),
      num(slice.restLostOfRight?.value ?? -1, formatPercent(slice.restLostOfRight?.value ?? null)),
      num(adjustedP(slice, correction), formatP(adjustedP(slice, correction))),
    ]),
  );
}

export function methodsSection({ methods, studies }: ReportModel): Markup | false {
  if (methods.length === 0 && studies.length === 0) return false;
  return markup`<section id="methods"><h2>Methods at equal reward or KL</h2>
<p class="lead">A method that barely moves the model flips little, so methods are compared where they have moved equally far.</p>
${studies.flatMap(studyTables).map(studyBlock)}
${methods.map(methodBlock)}</section>`;
}

function studyBlock({ title, note, method, heads, rows, findings }: StudyTableView): Markup {
  return markup`<h3><bdi>${title}</bdi></h3>
${sortable(
  note,
  heads,
  rows.map((cells) =>
    cells.map((text, i) =>
      i === 0 ? name(text) : markup`<td${heads[i]?.startsWith('#') === true && markup` class="n"`}>${text}</td>`,
    ),
  ),
)}
${findings.length > 0 && markup`<ul class="findings">${findings.map((text) => markup`<li>${text}</li>`)}</ul>`}
${method !== null && markup`<p class="note">${method}</p>`}`;
}

function methodBlock(table: ReportMethodTable): Markup {
  const over = (value: OverSeeds, show: (value: number) => string): Markup =>
    value === null ? markup`<td class="n">${nothing}</td>` : num(value.mean, formatMeanRange(value, show));
  return markup`<h3><bdi>${table.title}</bdi></h3><p class="basis">${matchSentence(table)}</p>
${sortable(
  `Means over seeds with ${formatLevel(table.level)} t intervals where there are two seeds or more; reference: ${table.reference}`,
  ['method', '#seeds', '#NFR', '#PFR', '#reward gain', '#KL, nats', '#NFR ÷ reference', 'between', '#not reached'],
  table.rows.map((row) => [
    name(row.method),
    num(row.seeds.length, formatCount(row.seeds.length)),
    over(row.nfr, formatPercent),
    over(row.pfr, formatPercent),
    over(row.rewardGain, formatNumber),
    over(row.kl, formatNumber),
    over(row.nfrRatio, formatRatio),
    markup`<td><bdi>${row.between.join('; ')}</bdi></td>`,
    num(row.unreached.length, formatCount(row.unreached.length)),
  ]),
)}
<ul class="findings">${table.rows
    .filter(({ method }) => method !== table.reference)
    .map((row) => markup`<li>${methodFinding(table, row)}</li>`)}</ul>`;
}

export function frontierSection(model: ReportModel): Markup | false {
  if (model.frontiers.length === 0) return false;
  return markup`<section id="frontier"><h2>Reward against flips</h2>
<p>Each line is a path from before training on. Lower is better at the same place on the horizontal axis; bars are 95 % intervals.</p>
<div class="charts">${lineCharts(model, model.frontiers)}</div></section>`;
}

export function curvesSection(model: ReportModel): Markup | false {
  if (model.curves.length === 0) return false;
  return markup`<section id="curves"><h2>Curves</h2><div class="charts">${lineCharts(model, model.curves)}</div></section>`;
}

function lineCharts(model: ReportModel, charts: readonly ReportChart[]): Markup[] {
  const looks = seriesLooks(model);
  return charts.map((chart) => lineChart(chart, looks));
}

export function exclusionsSection({ exclusions }: ReportModel): Markup | false {
  if (exclusions.length === 0) return false;
  return markup`<section id="exclusions"><h2>What was left out, and why</h2><div class="scroll"><table>
<thead><tr><th scope="col">what</th><th scope="col" class="n">how many</th><th scope="col">why</th></tr></thead><tbody>${exclusions.map(
    ({ what, count, why }) =>
      markup`<tr><th scope="row"><bdi>${what}</bdi></th><td class="n">${count === null ? nothing : formatCount(count)}</td><td><bdi>${why}</bdi></td></tr>`,
  )}</tbody></table></div></section>`;
}

export function annotationsSection({ annotations }: ReportModel): Markup | false {
  if (annotations.length === 0) return false;
  return markup`<section id="annotations"><h2>Annotations</h2>${sortable(
    'Human judgements, alongside the verdicts and never in place of them',
    ['sample', 'label', 'note', 'tags', '#when'],
    annotations.map((one) => [
      name(one.sampleId ?? 'the whole'),
      markup`<td><bdi>${one.label}</bdi></td>`,
      markup`<td><bdi>${one.text}</bdi></td>`,
      markup`<td><bdi>${one.tags.join(', ')}</bdi></td>`,
      markup`<td class="n">${one.at}</td>`,
    ]),
  )}</section>`;
}

export function setupSection({ setup, lineage }: ReportModel): Markup | false {
  if (setup.length === 0 && lineage.length === 0) return false;
  const nameOf = (id: string) => lineage.find((entry) => entry.id === id)?.name ?? id;
  return markup`<section id="setup"><h2>Set-up and lineage</h2>${setup.length > 0 && facts(setup, '')}
${
  lineage.length > 0 &&
  markup`<div class="scroll"><table class="wide"><caption>What was made from what</caption><thead><tr><th scope="col">kind</th><th scope="col">name</th><th scope="col">made from</th><th scope="col">detail</th></tr></thead>
<tbody>${lineage.map(
    (entry) =>
      markup`<tr><td>${entry.kind}</td>${name(entry.name)}<td><bdi>${entry.from.map(nameOf).join(', ')}</bdi></td><td><bdi>${entry.detail}</bdi></td></tr>`,
  )}</tbody></table></div>`
}</section>`;
}

export function provenanceSection({ provenance }: ReportModel): Markup | false {
  if (provenance.length === 0) return false;
  return markup`<section id="provenance"><h2>Provenance</h2>${facts(provenance, 'hash')}</section>`;
}

function facts(rows: ReportModel['setup'], kind: string): Markup {
  return markup`<div class="scroll"><table class="facts"><tbody>${rows.map(
    ({ label, value }) =>
      markup`<tr><th scope="row"><bdi>${label}</bdi></th><td class="${kind}"><bdi>${value}</bdi></td></tr>`,
  )}</tbody></table></div>`;
}

/** Heads: `#` a number column, `!` one that is not sortable, '' a column without a name. */
function sortable(caption: string, heads: readonly string[], rows: readonly Content[]): Markup {
  return markup`<div class="scroll"><table class="wide" data-sortable><caption>${caption}</caption><thead><tr>${heads.map(
    (head) =>
      head === ''
        ? markup`<td></td>`
        : markup`<th scope="col"${/^[#!]/.test(head) && markup` class="n"`}${head.startsWith('!') && markup` data-fixed`}>${head.replace(/^[#!]/, '')}</th>`,
  )}</tr></thead><tbody>${rows.map((cells) => markup`<tr>${cells}</tr>`)}</tbody></table></div>`;
}

function name(text: string): Markup {
  return markup`<th scope="row"><bdi>${text}</bdi></th>`;
}

function num(value: number, shown: string): Markup {
  return markup`<td class="n" data-value="${value}">${shown}</td>`;
}
