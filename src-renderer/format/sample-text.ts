import type { SampleDetail, SampleSide } from '@shared/domain/flip-view.ts';
import { formatNumber, formatSigned } from '@shared/presentation/numbers.ts';
import { kindNames, verdictName } from '@shared/presentation/words.ts';
import { pairNumbers } from './pair-numbers.ts';

/** A sample as Markdown, for an issue or a message. Fences are longer than any in the texts, so that texts stay texts. */
export function sampleMarkdown(sample: SampleDetail, leftName: string, rightName: string): string {
  const side = (name: string, part: SampleDetail['left']) => {
    if (part === null) return `**${name}**: not evaluated`;
    const verdict = verdictName(part.verdict);
    if (sample.rejected !== null) return `**${name}** (${verdict})\n\n${pairTable(part)}`;
    return `**${name}** (${verdict}, score ${formatNumber(part.score)})\n\n${fenced(part.output ?? '')}`;
  };
  return [
    `### Sample \`${sample.sampleId}\`: ${kindNames[sample.kind]}, Δ ${formatSigned(sample.delta, 3)}`,
    `**Prompt**\n\n${fenced(sample.prompt)}`,
    ...(sample.target === null
      ? []
      : [`**${sample.rejected === null ? 'Target' : 'Chosen'}**\n\n${fenced(sample.target)}`]),
    ...(sample.rejected === null ? [] : [`**Rejected**\n\n${fenced(sample.rejected)}`]),
    side(leftName, sample.left),
    side(rightName, sample.right),
  ].join('\n\n');
}

/** The numbers of one side of a pair; a pair has no output. */
function pairTable(side: SampleSide): string {
  const rows = pairNumbers(side, null).map(({ name, old }) => `| ${name} | ${old} |`);
  return ['| | |', '|---|---:|', ...rows].join('\n');
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
