import type { RowFilter, VersionStep } from '../../../shared/domain/data/row-view.ts';
import type { DatasetRecord, ImportRecord } from '../../../shared/domain/entities.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { originOf, versionsOf } from '../../../shared/domain/data/versions.ts';
import { describeStep } from '../../../shared/presentation/version-steps.ts';
import { rowsNearFlips } from '../../../workbench/data/near-flips.ts';
import { placeOfRow } from '../../../workbench/data/show-row.ts';
import { makeVersion, replayVersion } from '../../../workbench/data/versions.ts';
import { findByName, refuseTakenName } from '../../../workbench/workspace/names.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { WhereFlags } from '../options/datasets.ts';
import { plain } from '../terminal.ts';

async function find({ core }: Workbench, name: string): Promise<DatasetRecord> {
  return findByName('dataset', await core.store.listDatasets(), name);
}

export async function leaveOutCommand(context: CommandContext, name: string, flags: WhereFlags): Promise<void> {
  await whereCommand(context, name, flags, 'leave-out');
}

export async function keepOnlyCommand(context: CommandContext, name: string, flags: WhereFlags): Promise<void> {
  await whereCommand(context, name, flags, 'keep-only');
}

async function whereCommand(
  context: CommandContext,
  name: string,
  flags: WhereFlags,
  what: 'leave-out' | 'keep-only',
): Promise<void> {
  const workbench = await context.workbench();
  const dataset = await find(workbench, name);
  const { where, note } = await whereFor(workbench, dataset, flags);
  await make(context, workbench, dataset, flags.as, { do: what, where }, note);
}

async function whereFor(
  { core }: Workbench,
  dataset: DatasetRecord,
  { finding, tag, search, marked, nearFlips, kind = 'negative', similarity }: WhereFlags,
): Promise<{ where: RowFilter; note?: string }> {
  const where: RowFilter = {
    ...(finding === undefined ? {} : { findings: finding }),
    ...(tag === undefined ? {} : { tags: tag }),
    ...(search === undefined ? {} : { search }),
    ...(marked === true ? { marked } : {}),
  };
  if (nearFlips === undefined) {
    if (Object.keys(where).length > 0) return { where };
    throw new WorkbenchError('bad-input', 'No rows were selected.', {
      remedy: 'Give --finding, --tag, --search, --marked or --near-flips.',
    });
  }
  const comparisons = (await core.store.listComparisons()).map((one) => ({
    ...one,
    name: one.name ?? `${one.leftName} → ${one.rightName}`,
  }));
  const comparison = findByName('comparison', comparisons, nearFlips);
  const near = await rowsNearFlips(core, dataset, {
    comparisonId: comparison.id,
    filter: { kinds: [kind] },
    ...(similarity === undefined ? {} : { similarity }),
  });
  return { where: { ...where, ...near.where }, note: near.note };
}

export async function sampleCommand(
  context: CommandContext,
  name: string,
  rows: number,
  { as, seed = 0 }: { as: string; seed?: number },
): Promise<void> {
  const workbench = await context.workbench();
  await make(context, workbench, await find(workbench, name), as, { do: 'sample', rows, seed });
}

export async function splitCommand(
  context: CommandContext,
  name: string,
  share: number,
  { as, rest, seed = 0 }: { as: string; rest: string; seed?: number },
): Promise<void> {
  if (share <= 0 || share >= 1) {
    throw new WorkbenchError('bad-input', 'The share is a number between 0 and 1, such as 0.9.', {
      place: { field: 'share' },
    });
  }
  if (as === rest) {
    throw new WorkbenchError('bad-input', `Both parts would be named “${plain(as)}”.`, {
      remedy: 'Give --as and --rest names of their own.',
      place: { field: 'rest' },
    });
  }
  const workbench = await context.workbench();
  const dataset = await find(workbench, name);
  // Both before either is made: half a split is none.
  const known = await workbench.core.store.listDatasets();
  for (const called of [as, rest]) refuseTakenName('dataset', known, called);
  const made: DatasetRecord[] = [];
  for (const [called, part] of [
    [as, 'first'],
    [rest, 'rest'],
  ] as const) {
    made.push(
      await makeVersion(
        workbench.core,
        dataset,
        { name: called, step: { do: 'split', share, seed, part } },
        context.task,
      ),
    );
  }
  context.terminal.settle();
  context.terminal.document(made);
  for (const one of made)
    context.terminal.print(`Dataset “${plain(one.name)}”: ${one.rows} of ${plural(dataset.rows, 'row')}.`);
}

async function make(
  { terminal, task }: CommandContext,
  { core }: Workbench,
  dataset: DatasetRecord,
  name: string,
  step: VersionStep,
  note?: string,
): Promise<void> {
  const made = await makeVersion(core, dataset, { name, step, ...(note === undefined ? {} : { note }) }, task);
  terminal.settle();
  terminal.document(made);
  terminal.print(
    `Dataset “${plain(made.name)}”: ${made.rows} of ${plural(dataset.rows, 'row')}. “${plain(dataset.name)}” stays.`,
  );
}

export async function replayCommand(
  context: CommandContext,
  name: string,
  { as, on }: { as: string; on?: string },
): Promise<void> {
  const workbench = await context.workbench();
  const version = await find(workbench, name);
  const other = on === undefined ? undefined : await find(workbench, on);
  const { made, same } = await replayVersion(workbench.core, version, { name: as, on: other }, context.task);
  context.terminal.settle();
  context.terminal.document({ ...made, same });
  const compared = same ? `the same as “${version.name}”` : `other rows than “${version.name}”`;
  context.terminal.print(plain(`Dataset “${made.name}”: ${plural(made.rows, 'row')}, ${compared}.`));
}

export async function historyCommand({ terminal, workbench }: CommandContext, name: string): Promise<void> {
  const opened = await workbench();
  const { store } = opened.core;
  const datasets = await store.listDatasets();
  const dataset = findByName('dataset', datasets, name);
  const root = originOf(dataset, datasets);
  const source = root.importId === null ? null : await store.getImport(root.importId);
  terminal.document({
    dataset,
    source,
    family: versionsOf(root, datasets).map(({ dataset: one, depth }) => ({ ...one, depth })),
  });
  if (source !== null) terminal.print(sourceText(source));
  if (root.licence !== undefined) terminal.print(plain(`Licence: ${root.licence}`));
  for (const { dataset: one, depth } of versionsOf(root, datasets)) {
    const how = one.recipe === undefined ? '' : `: ${describeStep(one.recipe.step)}`;
    const here = one.id === dataset.id ? ' ←' : '';
    terminal.print(
      plain(`${'  '.repeat(depth)}${one.name} (${plural(one.rows, 'row')}, ${one.sha256.slice(0, 12)})${how}${here}`),
    );
    if (one.recipe?.note !== undefined) terminal.print(plain(`${'  '.repeat(depth + 1)}${one.recipe.note}`));
  }
}

function sourceText({ decisions = [], ...record }: ImportRecord): string {
  const { source, sha256, tool, toolVersion, accepted, rejected, problems } = record;
  const left = problems.map(({ reason, count }) => `  ${count} left out: ${reason}`);
  const read = `Imported from ${source} (${sha256.slice(0, 12)}) as ${tool}${toolVersion === null ? '' : ` ${toolVersion}`}: ${plural(accepted, 'row')} taken, ${rejected} left out.`;
  return plain([read, ...left, ...decisions.map((decision) => `  ${decision}`)].join('\n'));
}

export async function markCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  rows: readonly string[],
  { remove = false }: { remove?: boolean },
): Promise<void> {
  const opened = await workbench();
  const dataset = await find(opened, name);
  const places: number[] = [];
  for (const row of rows) places.push(await placeOfRow(opened.core, dataset, row));
  const marked = await opened.core.store.markDatasetRows(dataset.id, places, !remove);
  terminal.document({ dataset: dataset.name, marked });
  terminal.print(`${plural(marked, 'row')} of “${plain(dataset.name)}” ${marked === 1 ? 'is' : 'are'} marked.`);
}
