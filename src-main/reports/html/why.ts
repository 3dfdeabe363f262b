import type { ReportComparison, ReportModel } from '../../shared/domain/reports/report-model.ts';
import {
  commonSentences,
  groupHeads,
  groupRows,
  groupsLeftOut,
  kindHeads,
  kindNote,
  kindRows,
  kindSentences,
} from '../../shared/presentation/kinds.ts';
import { markup } from './markup.ts';
import type { Markup } from './markup.ts';

/** Why it flipped: the kinds of change of the negative flips with their background. */
export function whySection({ comparisons }: ReportModel): Markup | false {
  const explained = comparisons.filter(({ kinds, summary }) => kinds !== undefined && summary.negativeFlips > 0);
  if (explained.length === 0) return false;
  return markup`<section id="why"><h2>Why it got worse</h2>
${explained.map((one) => [comparisons.length > 1 && markup`<h3><bdi>${one.title}</bdi></h3>`, whyBlock(one)])}<p class="note">${kindNote}</p></section>`;
}

function whyBlock({ kinds = {}, summary, words }: ReportComparison): Markup {
  const rows = kindRows(kinds);
  return markup`<ul class="findings">${[...kindSentences(kinds, summary.negativeFlips), ...commonSentences(words)].map((sentence) => markup`<li><bdi>${sentence}</bdi></li>`)}</ul>
${
  rows.length > 0 &&
  markup`<div class="scroll"><table><caption>Kinds of change</caption><thead><tr>${kindHeads.map((head) => markup`<th scope="col" class="${head.startsWith('#') ? 'n' : ''}">${head.replace('#', '')}</th>`)}</tr></thead>
<tbody>${rows.map(([label = '', ...cells]) => markup`<tr><th scope="row"><bdi>${label}</bdi></th>${cells.map((cell) => markup`<td class="n">${cell}</td>`)}</tr>`)}</tbody></table></div>`
}${groupBlock(words)}`;
}

function groupBlock(words: ReportComparison['words']): Markup | false {
  if (words === undefined || words.groups.length === 0) return false;
  const left = groupsLeftOut(words);
  return markup`<div class="scroll"><table><caption>Groups of what changed alike, the largest first</caption><thead><tr>${groupHeads.map((head) => markup`<th scope="col" class="${head.startsWith('#') ? 'n' : ''}">${head.replace('#', '')}</th>`)}</tr></thead>
<tbody>${groupRows(words).map(([name = '', count = '', typical = '']) => markup`<tr><th scope="row"><bdi>${name}</bdi></th><td class="n">${count}</td><td><bdi>${typical}</bdi></td></tr>`)}</tbody></table></div>
${left !== null && markup`<p class="note">${left}</p>`}`;
}
