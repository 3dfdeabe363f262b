import type { SampleDetail } from '@shared/domain/flip-view.ts';
import { formatNumber, formatSigned } from '@shared/presentation/numbers.ts';
import { kindNames, verdictName } from '@shared/presentation/words.ts';

/** A sample as Markdown, for an issue or a message. Fences are longer than any in the texts, so that texts stay texts. */
export function sampleMarkdown(sample: SampleDetail, leftName: string, rightName: string): string {
  const side = (name: string, part: SampleDetail['left']) =>
    part === null
      ? `**${name}**: not evaluated`
      : `**${name}** (${verdictName(part.verdict)}, score ${formatNumber(part.score)})\n\n${fenced(part.output ?? '')}`;
  return [
    `### Sample \`${sample.sampleId}\`: ${kindNames[sample.kind]}, Δ ${formatSigned(sample.delta, 3)}`,
    `**Prompt**\n\n${fenced(sample.prompt)}`,
    ...(sample.target === null ? [] : [`**Target**\n\n${fenced(sample.target)}`]),
    side(leftName, sample.left),
    side(rightName, sample.right),
  ].join('\n\n');
}

function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}\n${text}\n${fence}`;
}
