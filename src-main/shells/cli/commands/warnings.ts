import type { SpecIssue } from '../../../shared/contract/views.ts';
import type { SpecInput } from '../../../workbench/runs/spec-text.ts';
import { specWarnings } from '../../../workbench/runs/spec-warnings.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';

/** Sentences on what is far from usual, each behind its place in the file where that is known. */
export function tellWarnings(
  { terminal }: CommandContext,
  warnings: readonly Pick<SpecIssue, 'message' | 'line' | 'column'>[],
  file?: string,
): void {
  for (const { message, line, column = 1 } of warnings) {
    const place = file === undefined || line === undefined ? '' : `${file}:${line}:${column}: `;
    terminal.note(plain(`Warning: ${place}${message}`));
  }
}

/** What is far from usual in specs that are about to start, each sentence once. */
export function tellSpecWarnings(context: CommandContext, inputs: readonly SpecInput[], file?: string): SpecIssue[] {
  const said = new Map(inputs.flatMap(specWarnings).map((one) => [`${one.path}: ${one.message}`, one]));
  tellWarnings(
    context,
    [...said].map(([message, one]) => ({ ...one, message })),
    file,
  );
  return [...said.values()];
}
