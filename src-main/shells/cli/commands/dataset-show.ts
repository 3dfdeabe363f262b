import type { ShownPart, ShownSide, ShownToken } from '../../../shared/domain/data/shown-row.ts';
import { showDatasetRow } from '../../../workbench/data/show-row.ts';
import { findByName } from '../../../workbench/workspace/names.ts';
import type { CommandContext } from '../context.ts';
import type { ShowFlags } from '../options/datasets.ts';
import { plain } from '../terminal.ts';

const parts = ['chosen', 'rejected', 'completion', 'prompt'] as const satisfies ShownPart[];

export async function showRowCommand(
  context: CommandContext,
  name: string,
  row: string,
  flags: ShowFlags,
): Promise<void> {
  const { core } = await context.workbench();
  const dataset = findByName('dataset', await core.store.listDatasets(), name);
  const { number, shown } = await showDatasetRow(core, dataset, row, { ...flags, reading: flags.as }, context.task);
  const { terminal } = context;
  terminal.settle();
  terminal.document({ dataset: dataset.name, row: number, model: flags.model, ...shown });
  terminal.print(`Row ${number} of “${plain(dataset.name)}” (${plain(shown.id)}), as ${shown.reading} reads it`);
  if (shown.leftOut !== null) terminal.print(`Left out of training. ${shown.leftOut}`);
  for (const part of parts) {
    const side = shown[part];
    // Pairs and completions begin with their prompt.
    if (side === undefined || (part === 'prompt' && shown.reading !== 'prompts')) continue;
    terminal.print(`\n${heading(part, side)}\n${line(side.tokens)}`);
  }
  if (shown.differsAt !== null) terminal.print(`\nThe first token that differs is number ${shown.differsAt + 1}.`);
  terminal.print('\n| parts tokens · ⟦…⟧ has a loss · <special> · ~~…~~ is cut off');
}

function heading(part: ShownPart, { length, kept, tokens }: ShownSide): string {
  const learned = tokens.filter(({ loss }) => loss).length;
  const cut = kept < length ? `, ${length - kept} cut off` : '';
  return `${part}: ${length} tokens, ${learned} with a loss${cut}`;
}

/** Tokens of one sort together, so that the text can be read; a bar parts them. */
function line(tokens: readonly ShownToken[]): string {
  const stretches: { marks: string; texts: string[] }[] = [];
  for (const token of tokens) {
    const marks = token.cut ? '~~' : token.loss ? '⟦⟧' : '';
    const last = stretches.at(-1);
    if (last?.marks === marks) last.texts.push(tokenText(token));
    else stretches.push({ marks, texts: [tokenText(token)] });
  }
  return stretches.map(({ marks, texts }) => marked(marks, texts.join('|'))).join('');
}

function marked(marks: string, text: string): string {
  if (marks === '~~') return `~~${text}~~`;
  return marks === '⟦⟧' ? `⟦${text}⟧` : text;
}

function tokenText({ text, special }: ShownToken): string {
  const shown = plain(text.replaceAll('\n', '⏎'));
  return special && !/^[<[]/.test(shown) ? `<${shown}>` : shown;
}
