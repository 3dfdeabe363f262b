import { comparisonName } from '../shared/presentation/names.ts';
import { basisSentence, comparisonFindings, matchSentence, methodFinding } from './findings.ts';
import { adjustedP, correctionNames, groupedSlicesNote } from '../shared/domain/statistics/multiple-tests.ts';
import { studyTables } from '../shared/presentation/study-tables.ts';
import type { StudyTableView } from '../shared/presentation/study-tables.ts';
import { slicesLeftOutNote } from '../shared/presentation/slices.ts';
import type { Correction } from '../shared/domain/statistics/multiple-tests.ts';
import { block, inline, table } from './markdown-text.ts';
import { whyMarkdown } from './markdown-why.ts';
import {
  formatCount,
  formatMeanRange,
  formatNumber,
  formatP,
  formatPercent,
  formatPercentRange,
  formatRatio,
  formatSignedNumber,
  nothing,
} from '../shared/presentation/numbers.ts';
import type {
  ReportCase,
  ReportChart,
  ReportComparison,
  ReportMethodTable,
  ReportModel,
  ReportSection,
} from '../shared/domain/reports/report-model.ts';

const sections: Record<ReportSection, { title: string; render: (model: ReportModel) => string[] }> = {
  headline: { title: 'What changed', render: ({ comparisons }) => comparisons.flatMap(headline) },
  why: { title: 'Why it got worse', render: whyMarkdown },
  slices: {
    title: 'Where it got worse',
    render: slicesOfAll,
  },
  methods: { title: 'Methods at equal reward or KL', render: methodsOfAll },
  frontier: { title: 'Reward against flips', render: ({ frontiers }) => frontiers.flatMap(chartTable) },
  curves: { title: 'Curves', render: ({ curves }) => curves.flatMap(curveEnds) },
  cases: { title: 'The worst regressions', render: cases },
  annotations: { title: 'Annotations', render: annotations },
  setup: { title: 'Set-up and lineage', render: setup },
  provenance: { title: 'Provenance', render: ({ provenance }) => facts(provenance) },
  exclusions: { title: 'What was left out, and why', render: exclusions },
};

/** The report as Markdown: every text of the evaluated models is either escaped or in a fenced block. */
export function renderMarkdown(model: ReportModel): string {
  const head = [
    `# ${inline(model.title)}`,
    ...(model.question === '' ? [] : [inline(model.question)]),
    // A comparison says them below, with its numbers.
    ...(model.subject.kind === 'comparison' ? [] : model.answer.map(inline)),
    `Written ${inline(model.createdAt)}`,
  ];
  const body = model.sections.flatMap((id) => {
    const content = sections[id].render(model);
    return content.length === 0 ? [] : [`## ${sections[id].title}`, ...content];
  });
  return `${[...head, ...body].join('\n\n')}\n`;
}

function headline(comparison: ReportComparison): string[] {
  const { summary } = comparison;
  return [
    `### ${inline(comparison.title)}: ${inline(comparisonName(summary.left.name, summary.right.name))}`,
    inline(basisSentence(summary)),
    list(comparisonFindings(comparison)),
  ];
}

function slicesOfAll({ comparisons, correction }: ReportModel): string[] {
  const tables = comparisons.flatMap((one) => slices(one, correction));
  const grouped = comparisons.some(({ summary }) => summary.clustered !== null);
  return tables.length > 0 && grouped ? [groupedSlicesNote, ...tables] : tables;
}

function slices({ title, summary, search }: ReportComparison, correction: Correction): string[] {
  const named = summary.slices.map((slice) => [
    inline(slice.name),
    formatCount(slice.n),
    formatCount(slice.negativeFlips),
    formatCount(slice.positiveFlips),
    formatPercent(slice.nfr.value),
    formatPercentRange(slice.nfr),
    formatP(adjustedP(slice, correction)),
  ]);
  const note = slicesLeftOutNote(summary);
  const found = (search?.found ?? []).map((slice) => [
    inline(slice.name),
    formatCount(slice.n),
    formatCount(slice.negativeFlips),
    formatPercent(slice.nfr.value),
    formatPercent(slice.restNfr.value),
    formatPercent(slice.lostOfRight?.value ?? null),
    formatPercent(slice.restLostOfRight?.value ?? null),
    formatP(adjustedP(slice, correction)),
  ]);
  return [
    ...(named.length + found.length > 0 ? [`### ${inline(title)}`] : []),
    ...(named.length > 0
      ? [table(['slice', '>n', '>▼', '>▲', '>NFR', '>95 % interval', `>p (${correctionNames[correction]})`], named)]
      : []),
    ...(note === null ? [] : [note]),
    ...(found.length > 0
      ? [
          `Found by searching ${formatCount(search?.tried ?? 0)} candidates, p adjusted for all of them:`,
          table(
            [
              'slice',
              '>n',
              '>▼',
              '>NFR',
              '>of the rest',
              '>lost of right',
              '>of the rest',
              `>p (${correctionNames[correction]})`,
            ],
            found,
          ),
        ]
      : []),
  ];
}

function methodsOfAll({ methods, studies }: ReportModel): string[] {
  return [...studies.flatMap(studyTables).flatMap(studyTable), ...methods.flatMap(methodTable)];
}

function studyTable({ title, note, method, heads, rows, findings }: StudyTableView): string[] {
  return [
    `### ${inline(title)}`,
    inline(note),
    table(
      heads.map((head) => (head.startsWith('#') ? `>${inline(head.slice(1))}` : inline(head))),
      // Only names come from outside; an escaped number would not line up.
      rows.map((cells) => cells.map((text, i) => (i === 0 ? inline(text) : text))),
    ),
    ...(findings.length === 0 ? [] : [list(findings)]),
    ...(method === null ? [] : [inline(method)]),
  ];
}

function methodTable(methods: ReportMethodTable): string[] {
  const rows = methods.rows.map((row) => [
    inline(row.method),
    formatCount(row.seeds.length),
    formatMeanRange(row.nfr, formatPercent),
    formatMeanRange(row.pfr, formatPercent),
    formatMeanRange(row.rewardGain, formatNumber),
    formatMeanRange(row.kl, formatNumber),
    formatMeanRange(row.nfrRatio, formatRatio),
    inline(row.between.join('; ')),
  ]);
  const others = methods.rows.filter(({ method }) => method !== methods.reference);
  return [
    `### ${inline(methods.title)}`,
    matchSentence(methods),
    table(['method', '>seeds', '>NFR', '>PFR', '>reward gain', '>KL, nats', '>NFR ÷ reference', 'between'], rows),
    ...(others.length === 0 ? [] : [list(others.map((row) => methodFinding(methods, row)))]),
  ];
}

function chartTable(chart: ReportChart): string[] {
  const y = (value: number | null) => (chart.yIsShare ? formatPercent(value) : formatNumber(value));
  const rows = chart.series.flatMap(({ name, points }) =>
    points.map((point) => [
      inline(name),
      inline(point.label),
      formatNumber(point.x),
      y(point.y),
      y(point.low),
      y(point.high),
    ]),
  );
  return [
    `### ${inline(chart.title)}`,
    table(['series', 'point', `>${inline(chart.xLabel)}`, `>${inline(chart.yLabel)}`, '>low', '>high'], rows),
  ];
}

/** A curve's first and last point: its shape belongs to the HTML. */
function curveEnds(chart: ReportChart): string[] {
  const rows = chart.series.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first === undefined || last === undefined
      ? []
      : [[inline(name), formatNumber(first.y), formatNumber(last.y)]];
  });
  return [`### ${inline(chart.title)}`, table(['series', `>${inline(chart.yLabel)}, first`, '>last'], rows)];
}

function cases({ cases: worst, casesTotal, redaction }: ReportModel): string[] {
  if (worst.length === 0) return [];
  const note = redaction.texts ? ' Texts are left out of this report.' : '';
  return [
    `${formatCount(worst.length)} of ${formatCount(casesTotal)}, the largest fall first.${note}`,
    ...worst.flatMap(caseBlocks),
  ];
}

function caseBlocks({ row }: ReportCase): string[] {
  const part = (label: string, text: string | null) => (text === null || text === '' ? [] : [label, block(text)]);
  const side = ({ verdict, score }: typeof row.left) =>
    [verdict, score === null ? null : formatNumber(score)].filter(Boolean).join(', ');
  const marks = [
    row.kind,
    row.delta === null ? null : `score ${formatSignedNumber(row.delta)}`,
    row.stability,
    ...row.slices,
    ...row.tags,
  ];
  return [
    `### ${inline(row.sampleId)}`,
    marks.flatMap((mark) => (mark === null ? [] : [inline(mark)])).join(' · '),
    ...part('Prompt', row.prompt),
    ...part(row.rejected === undefined ? 'Wanted' : 'Chosen', row.target),
    ...part('Rejected', row.rejected ?? null),
    ...(row.rejected === undefined ? [] : [`Margins: old ${side(row.left)}; new ${side(row.right)}`]),
    ...part(`Old: ${side(row.left)}`, row.left.output),
    ...part(`New: ${side(row.right)}`, row.right.output),
    ...part('Note', row.note),
  ];
}

function annotations({ annotations: notes }: ReportModel): string[] {
  if (notes.length === 0) return [];
  const rows = notes.map((note) => [
    inline(note.sampleId ?? 'the whole'),
    inline(note.label),
    inline(note.text),
    inline(note.at),
  ]);
  return [table(['sample', 'label', 'note', 'when'], rows)];
}

function setup({ setup: settings, lineage }: ReportModel): string[] {
  const nameOf = (id: string) => lineage.find((entry) => entry.id === id)?.name ?? id;
  const rows = lineage.map((entry) => [
    entry.kind,
    inline(entry.name),
    inline(entry.from.map(nameOf).join(', ')),
    inline(entry.detail),
  ]);
  return [...facts(settings), ...(rows.length === 0 ? [] : [table(['kind', 'name', 'made from', 'detail'], rows)])];
}

function facts(rows: ReportModel['setup']): string[] {
  return rows.length === 0
    ? []
    : [
        table(
          ['what', 'value'],
          rows.map(({ label, value }) => [inline(label), inline(value)]),
        ),
      ];
}

function exclusions({ exclusions: left }: ReportModel): string[] {
  const rows = left.map(({ what, count, why }) => [
    inline(what),
    count === null ? nothing : formatCount(count),
    inline(why),
  ]);
  return rows.length === 0 ? [] : [table(['what', '>how many', 'why'], rows)];
}

function list(sentences: readonly string[]): string {
  return sentences.map((sentence) => `- ${inline(sentence)}`).join('\n');
}
