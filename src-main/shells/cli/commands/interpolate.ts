import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';

export async function interpolateCommand(
  { terminal, workbench, task }: CommandContext,
  from: string,
  to: string,
  { fraction, name }: { fraction: number; name: string },
): Promise<void> {
  if (fraction < 0 || fraction > 1) {
    throw new WorkbenchError('bad-input', `A fraction of ${fraction} is not on the line from FROM to TO.`, {
      remedy: 'Choose one between 0 (FROM) and 1 (TO).',
      place: { field: 'fraction' },
    });
  }
  const model = await (await workbench()).madeModels.interpolate(from, to, fraction, name, task);
  terminal.settle();
  terminal.document(model);
  terminal.print(`Model “${plain(model.name)}”: ${fraction} of the way from ${plain(from)} to ${plain(to)}.`);
}
