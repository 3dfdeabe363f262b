import { formatCount, formatNumber, formatSignedNumber, nothing } from '../../shared/presentation/numbers.ts';
import type { ReportCase, ReportLedger, ReportModel } from '../../shared/domain/reports/report-model.ts';
import { wordDiff } from '../../shared/presentation/word-diff.ts';
import type { DiffPart } from '../../shared/presentation/word-diff.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

/** Glyphs carry the kind next to its colour. */
export const kindGlyph = {
  negative: '▼',
  positive: '▲',
  'kept-right': '✓',
  'kept-wrong': '✗',
  unchanged: '=',
  tied: '≈',
  missing: '∅',
} as const;

const ledgerOf: Record<ReportLedger['part'], string> = {
  output: 'output',
  target: 'wanted answer',
  chosen: 'chosen response',
  rejected: 'rejected response',
  'left-output': 'old output',
  'right-output': 'new output',
};

export function casesSection({ cases, casesTotal, comparisons, redaction }: ReportModel): Markup | false {
  if (cases.length === 0) return false;
  const several = comparisons.length > 1;
  return markup`<section id="cases"><h2>The worst regressions</h2>
<p class="note">${formatCount(cases.length)} of ${formatCount(casesTotal)}, the largest fall first. ${redaction.texts ? 'Texts are left out of this report.' : 'Struck words are the old output’s alone, underlined ones the new one’s.'}</p>
<div id="case-list">${cases.map((one, index) => caseBlock(one, index + 1, several, redaction.texts))}</div></section>`;
}

function caseBlock(
  { row, ledgers, comparison }: ReportCase,
  number: number,
  several: boolean,
  redacted: boolean,
): Markup {
  const kindClass = row.kind === 'negative' || row.kind === 'positive' ? row.kind : '';
  return markup`<article class="case" id="sample-${number}" data-kind="${row.kind}">
<header><h3><a href="#sample-${number}" title="Link to this sample">${row.sampleId}</a></h3><span class="kind ${kindClass}">${kindGlyph[row.kind]} ${row.kind}</span>
${several && markup`<bdi>${comparison}</bdi>`}${row.delta !== null && markup`<span>score ${formatSignedNumber(row.delta)}</span>`}
${row.stability !== null && markup`<span>${row.stability}</span>`}${[...row.slices, ...row.tags].map((tag) => markup`<bdi class="tag">${tag}</bdi>`)}</header>
${!redacted && texts(row)}${ledgers.map(ledgerBlock)}${row.note !== '' && labelled('Note', markup`<p class="text" dir="auto">${row.note}</p>`)}
</article>`;
}

function texts(row: ReportCase['row']): Markup {
  const given = (label: string, text: string | null) =>
    text !== null && text !== '' && markup`<div>${labelled(label, plain(text))}</div>`;
  return markup`<div class="sides">${given('Prompt', row.prompt)}${given(row.rejected === undefined ? 'Wanted' : 'Chosen', row.target)}${given('Rejected', row.rejected ?? null)}</div>${sides(row)}`;
}

/** Of a pair each side has a margin and wrote nothing. */
function sides({ left, right, rejected }: ReportCase['row']): Markup {
  const diff = left.output === null || right.output === null ? null : wordDiff(left.output, right.output);
  const side = (name: string, one: typeof left, parts: DiffPart[] | undefined, tag: 'del' | 'ins') =>
    markup`<div>${labelled(
      [name, one.verdict, one.score === null ? null : formatNumber(one.score)]
        .filter((part) => part !== null)
        .join(' · '),
      rejected !== undefined
        ? plain('margin of the chosen response over the rejected one')
        : parts === undefined
          ? plain(one.output ?? nothing)
          : marked(parts, tag),
    )}</div>`;
  return markup`<div class="sides">${side('Old', left, diff?.left, 'del')}${side('New', right, diff?.right, 'ins')}</div>`;
}

function labelled(label: string, content: Markup): Markup {
  return markup`<h4>${label}</h4>${content}`;
}

function plain(text: string): Markup {
  return markup`<p class="text" dir="auto">${text}</p>`;
}

function marked(parts: readonly DiffPart[], tag: 'del' | 'ins'): Markup {
  const change = (text: string) => (tag === 'del' ? markup`<del>${text}</del>` : markup`<ins>${text}</ins>`);
  return markup`<p class="text" dir="auto">${parts.map(({ text, changed }) => (changed ? change(text) : text))}</p>`;
}

/** Tokens with the change of their log-prob, old to new. */
function ledgerBlock({ part, tokens, leftLogProbs, rightLogProbs }: ReportLedger): Markup {
  return markup`<details><summary>Token ledger of the ${ledgerOf[part]}: log-prob under new minus old, nats</summary>
<ol class="ledger">${tokens.map((token, i) => {
    const [left, right] = [leftLogProbs[i] ?? Number.NaN, rightLogProbs[i] ?? Number.NaN];
    const change = right - left;
    return markup`<li class="${changeClass(change)}" title="old ${formatNumber(left)}, new ${formatNumber(right)}"><span class="token">${shownToken(token)}</span><span class="change">${Number.isNaN(change) ? nothing : formatSignedNumber(Number(change.toFixed(2)))}</span></li>`;
  })}</ol></details>`;
}

/** Blanks and newlines of tokens made visible. */
function shownToken(token: string): string {
  return token
    .replaceAll('\n', '↵')
    .replaceAll('\t', '⇥')
    .replace(/^ +| +$/g, (blanks) => '·'.repeat(blanks.length));
}

function changeClass(change: number): string {
  if (change <= -2) return 'much-worse';
  if (change <= -0.5) return 'worse';
  if (change >= 2) return 'much-better';
  return change >= 0.5 ? 'better' : '';
}
