import { readFile } from 'node:fs/promises';
import path from 'node:path';
import type { ModelRecord } from '../../../shared/domain/entities.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { MergeRecipe } from '../../../shared/domain/merging.ts';
import { describeParts } from '../../../shared/presentation/merges.ts';
import { formatCount } from '../../../shared/presentation/numbers.ts';
import { readMerge } from '../../../workbench/merging/recipe-text.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';
import { withAssignments } from './train.ts';

/** Makes the models of a merge file. */
export async function mergeCommand(
  { terminal, workbench, task }: CommandContext,
  file: string,
  { set = [] }: { set?: string[] },
): Promise<void> {
  const yaml = await readMergeFile(file);
  const merge = readMerge(withAssignments({ yaml }, set), file);
  const made = await (await workbench()).madeModels.merge(merge, task);
  terminal.settle();
  terminal.document(made);
  terminal.print(made.map(describe).join('\n'));
}

async function readMergeFile(file: string): Promise<string> {
  try {
    return await readFile(path.resolve(file), 'utf8');
  } catch (cause) {
    throw new WorkbenchError('not-found', `There is no merge file at ${file}.`, {
      remedy: 'It names base, models and method; docs/reference/merge-file.md has the least there is to write.',
      cause,
      place: { file },
    });
  }
}

function describe({ name, recipe }: ModelRecord): string {
  if (recipe === undefined) return plain(`Model “${name}”.`);
  const sources = recipe.models.map(({ label }) => label).join(', ');
  const head = plain(
    `Model “${name}”: ${recipe.method}, ${recipe.fraction} of the way from ${recipe.base.label} to ${sources}.`,
  );
  const parts = recipe.parts.length === 0 ? [] : [plain(`  ${describeParts(recipe.parts)}`)];
  return [head, ...parts, ...describeSearch(recipe.search)].join('\n');
}

function describeSearch(search: MergeRecipe['search']): string[] {
  const [start, best] = [search?.trials[0], search?.trials[search.best]];
  if (search === undefined || start === undefined || best === undefined) return [];
  const reward = (one: typeof start) => (one.reward === null ? '' : `, reward ${one.reward.toFixed(2)}`);
  return [
    `  ${formatCount(search.trials.length)} settings tried on “${plain(search.validation.name)}” (${formatCount(best.n)} samples): ` +
      `negative flips ${start.negative} at the start, ${best.negative} at best; right ${start.right} and ${best.right}${reward(start)}${reward(best)}`,
    `  Report on “${plain(search.test.name)}”, which the search did not see.`,
  ];
}
