import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { CommandContext } from '../context.ts';
import type { GuardSetFlags } from '../options/guard-sets.ts';
import { checkNewName, findByName, refuseTakenName } from '../../../workbench/workspace/names.ts';
import { mitigationLedger } from '../../../workbench/comparing/guard-sets.ts';
import { plain, table } from '../terminal.ts';
import { openComparison } from './compare.ts';
import { filterOf, requireKinds } from './flips.ts';

export async function createGuardSet(
  context: CommandContext,
  name: string,
  left: string,
  right: string,
  flags: GuardSetFlags,
): Promise<void> {
  const workbench = await context.workbench();
  const { store } = workbench.core;
  checkNewName(name);
  refuseTakenName('guard set', await store.listGuardSets(), name);
  const comparison = await openComparison(context, workbench, left, right, flags);
  await requireKinds(workbench, comparison.id, flags);
  const view = await store.openFlipView(comparison.id, filterOf(flags), {
    column: 'sampleId',
    direction: 'ascending',
  });
  if (view.total === 0) {
    throw new WorkbenchError(
      'bad-input',
      `${describeChoice(flags)} from ${comparison.leftName} to ${comparison.rightName}.`,
      {
        remedy: 'Choose another --kind, --slice, --search, --where or --rule; flipguard flips lists what there is.',
      },
    );
  }
  const wanted = { name, note: flags.note ?? '', comparisonId: comparison.id, viewId: view.viewId };
  const set = await store.addGuardSet(wanted).finally(() => store.closeFlipView(view.viewId));
  workbench.bus.publish({ topic: 'changed', lists: ['guard-sets'] });
  context.terminal.settle();
  context.terminal.document(set);
  const skipped = set.skipped ?? 0;
  const leftOut = skipped === 0 ? '' : ` ${skipped} had no answer to hold on to and were left out.`;
  context.terminal.print(`Guard set “${plain(set.name)}”: ${set.samples} samples.${leftOut}`);
}

function describeChoice({ kind, slice, search, where }: GuardSetFlags): string {
  const inSlice = slice === undefined ? '' : ` in slice “${slice}”`;
  const withText = search === undefined ? '' : ` with “${search}”`;
  const ofWhich = where === undefined ? '' : ` of which holds ${where.map((one) => `“${one}”`).join(' and ')}`;
  return `There is no ${kind} sample${inSlice}${withText}${ofWhich}`;
}

export async function showGuardSet({ terminal, workbench }: CommandContext, name: string): Promise<void> {
  const { store } = (await workbench()).core;
  const set = findByName('guard set', await store.listGuardSets(), name);
  const rows = await store.guardSetRows(set.id);
  terminal.document({ ...set, rows });
  terminal.print(rows.map((row) => plain(JSON.stringify(row))).join('\n'));
}

export async function guardSetLedger(context: CommandContext, name: string, runName: string): Promise<void> {
  const { core, comparisons, runs } = await context.workbench();
  const set = findByName('guard set', await core.store.listGuardSets(), name);
  const run = await runs.find(runName);
  const ledgers = await mitigationLedger(core, comparisons, set.id, run.id, context.task);
  context.terminal.settle();
  context.terminal.document(ledgers);
  context.terminal.print(
    table(
      ['Suite', 'Repaired', 'Still broken', 'Newly broken'],
      ledgers.map((one) => [one.suiteName, one.repaired, one.stillBroken, one.newlyBroken]),
    ),
  );
}
