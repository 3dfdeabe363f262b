import { rowScoreNames, rowScores } from '../../../shared/domain/data/row-scores.ts';
import type { RowScoreName, Suspect, Suspects } from '../../../shared/domain/data/row-scores.ts';
import { formatNumber } from '../../../shared/presentation/numbers.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { findSuspects } from '../../../workbench/data/suspects.ts';
import { findByName } from '../../../workbench/workspace/names.ts';
import type { CommandContext } from '../context.ts';
import { plain, table } from '../terminal.ts';

export interface SuspectsFlags {
  sample?: string[];
  by?: RowScoreName;
  ches?: boolean;
  gradients?: boolean;
  limit?: number;
}

/** `flipguard suspects RUN` */
export async function suspectsCommand(context: CommandContext, name: string, flags: SuspectsFlags): Promise<void> {
  const { terminal, task } = context;
  const { core, comparisons } = await context.workbench();
  const run = findByName('run', await core.store.listRuns(), name);
  const { sample: sampleIds, by, ches, gradients, limit } = flags;
  const choice = { sampleIds, by, ches, gradients, limit };
  const found = await findSuspects({ core, comparisons }, run, choice, task);
  terminal.settle();
  terminal.document(found);
  terminal.print(
    plain(`“${found.datasetName}”, ${rowScores[found.by].label.toLowerCase()} first: ${rowScores[found.by].meaning}.`),
  );
  terminal.print(listOf(found));
  for (const { name: score, about, known } of found.scores)
    terminal.note(plain(`${score}: ${about.sentence} ${plural(known, 'row')}.`));
  for (const note of found.notes) terminal.note(plain(note));
}

const shownCharacters = 60;

function listOf({ rows, scores }: Suspects): string {
  const names = rowScoreNames.filter((name) => scores.some((score) => score.name === name));
  const several = new Set(rows.map(({ datasetName }) => datasetName)).size > 1;
  const cells = (row: Suspect) => [
    ...(several ? [plain(row.datasetName)] : []),
    plain(row.rowId),
    ...names.map((name) => (row.scores[name] === undefined ? '' : formatNumber(row.scores[name]))),
    short(row.prompt),
    row.flip === null ? '' : `${plain(row.flip.sampleId)} ${short(row.flip.prompt)}`,
  ];
  return table([...(several ? ['dataset'] : []), 'row', ...names, 'prompt', 'nearest flip'], rows.map(cells));
}

function short(text: string): string {
  const line = plain(text).replaceAll(/\s+/g, ' ');
  return line.length <= shownCharacters ? line : `${line.slice(0, shownCharacters)}…`;
}
