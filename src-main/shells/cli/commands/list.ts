import { methodOf } from '../../../shared/presentation/methods.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { ListName } from '../list-names.ts';
import { table } from '../terminal.ts';

type Cell = string | number | null;

interface Listing {
  records: readonly unknown[];
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}

export async function listCommand({ terminal, workbench }: CommandContext, what: ListName): Promise<void> {
  const { records, head, rows } = await listings[what](await workbench());
  terminal.document(records);
  terminal.print(rows.length === 0 ? `No ${what.replace('-', ' ')} yet.` : table(head, rows));
}

const listings: Record<ListName, (workbench: Workbench) => Promise<Listing>> = {
  models: async ({ models }) =>
    listing(await models.list(), ['Name', 'Family', 'Parameters', 'State', 'Id'], (m) => [
      m.name,
      m.family,
      m.parameters,
      m.state,
      m.id,
    ]),
  datasets: async ({ core }) =>
    listing(await core.store.listDatasets(), ['Name', 'Kind', 'Rows', 'Id'], (d) => [d.name, d.kind, d.rows, d.id]),
  suites: async ({ core }) =>
    listing(await core.store.listSuites(), ['Name', 'Kind', 'Items', 'Origin', 'Id'], (s) => [
      s.name,
      s.kind,
      s.items,
      s.origin,
      s.id,
    ]),
  runs: async ({ runs }) =>
    listing(await runs.list(), ['Name', 'Status', 'Step', 'Of', 'Method', 'Id'], (r) => [
      r.name,
      r.status,
      r.step,
      r.totalSteps,
      methodOf(r.spec),
      r.id,
    ]),
  checkpoints: async ({ core, runs }) => {
    const names = new Map((await runs.list()).map(({ id, name }) => [id, name]));
    const checkpoints = await core.store.listCheckpoints();
    return listing(checkpoints, ['Name', 'Kind', 'Bytes', 'State', 'Id'], (c) => [
      `${names.get(c.runId) ?? c.runId}@${c.step}`,
      c.kind,
      c.sizeBytes,
      c.state,
      c.id,
    ]);
  },
  evals: async ({ evaluations }) =>
    listing(await evaluations.list(), ['Name', 'Suite', 'Samples', 'Right', 'Wrong', 'Mean score', 'Id'], (e) => [
      e.name,
      e.suiteName,
      e.samples,
      e.right,
      e.wrong,
      e.meanScore === null ? null : Number(e.meanScore.toPrecision(6)),
      e.id,
    ]),
  comparisons: async ({ comparisons }) =>
    listing(
      await comparisons.list(),
      ['Left', 'Right', 'Rule', 'Paired', 'Negative', 'Positive', 'State', 'Id'],
      (c) => [
        c.leftName,
        c.rightName,
        c.rule.kind,
        c.counts.paired,
        (c.counts.corrected ?? c.counts).kinds.negative,
        (c.counts.corrected ?? c.counts).kinds.positive,
        c.state,
        c.id,
      ],
    ),
  'guard-sets': async ({ core }) =>
    listing(await core.store.listGuardSets(), ['Name', 'Samples', 'Left out', 'Note', 'Id'], (g) => [
      g.name,
      g.samples,
      g.skipped ?? 0,
      g.note,
      g.id,
    ]),
  reports: async ({ reports }) =>
    listing(await reports.list(), ['Title', 'About', 'Format', 'Bytes', 'Id'], (r) => [
      r.title,
      r.subject.kind,
      r.format,
      r.sizeBytes,
      r.id,
    ]),
};

function listing<T>(records: readonly T[], head: readonly string[], row: (record: T) => readonly Cell[]): Listing {
  return { records, head, rows: records.map(row) };
}
