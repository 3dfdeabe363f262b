import { modelStateText } from '../../../shared/presentation/model-states.ts';
import { titleOfComparison } from '../../../shared/presentation/names.ts';
import { methodOfRun } from '../../../shared/presentation/methods.ts';
import type { SiteJob } from '../../../shared/domain/sites.ts';
import type { ThingKind, ThingMarks } from '../../../shared/domain/things.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { emptyListText } from '../empty-lists.ts';
import type { ListName } from '../list-names.ts';
import { table } from '../terminal.ts';
import { lookedAt } from './site-jobs.ts';

type Cell = string | number | null;

interface Listing {
  records: readonly { id: string; archived?: boolean }[];
  head: readonly string[];
  rows: readonly (readonly Cell[])[];
}

export async function listCommand(
  { terminal, workbench }: CommandContext,
  what: ListName,
  { archived = false }: { archived?: boolean } = {},
): Promise<void> {
  const opened = await workbench();
  const listed = withMarks(await listings[what](opened), await opened.things.marks(), kinds[what]);
  const { records, head, rows } = archived ? listed : withoutArchived(listed);
  terminal.document(records);
  terminal.print(rows.length === 0 ? emptyListText(what, listed.records.length) : table(head, rows));
}

/** Note, tags and archive join each record; tags are a column where anything has one. */
function withMarks({ records, head, rows }: Listing, marks: readonly ThingMarks[], kind: ThingKind | null): Listing {
  if (kind === null) return { records, head, rows };
  const own = new Map(marks.filter((one) => one.kind === kind).map((one) => [one.id, one]));
  const marked = records.map((record) => {
    const { note = '', tags = [], archived = false } = own.get(record.id) ?? {};
    return { ...record, note, tags, archived };
  });
  if (marked.every(({ tags }) => tags.length === 0)) return { records: marked, head, rows };
  return {
    records: marked,
    head: [...head, 'Tags'],
    rows: rows.map((row, index) => [...row, marked[index]?.tags.map((tag) => `#${tag}`).join(' ') ?? '']),
  };
}

function withoutArchived({ records, head, rows }: Listing): Listing {
  const shown = (_: unknown, index: number) => records[index]?.archived !== true;
  return { head, records: records.filter(shown), rows: rows.filter(shown) };
}

const kinds: Record<ListName, ThingKind | null> = {
  models: 'model',
  datasets: 'dataset',
  suites: 'suite',
  runs: 'run',
  checkpoints: null,
  evals: 'evaluation',
  evaluations: 'evaluation',
  comparisons: 'comparison',
  'guard-sets': 'guard-set',
  reports: 'report',
};

async function evaluationListing({ evaluations }: Workbench): Promise<Listing> {
  return listing(await evaluations.list(), ['Name', 'Suite', 'Samples', 'Right', 'Wrong', 'Mean score', 'Id'], (e) => [
    e.name,
    e.suiteName,
    e.samples,
    e.right,
    e.wrong,
    e.meanScore === null ? null : Number(e.meanScore.toPrecision(6)),
    e.id,
  ]);
}

/** Runs at sites say where, and what their job does there; the columns are there when one is. */
async function runListing(workbench: Workbench): Promise<Listing> {
  await lookedAt(workbench);
  const jobs = new Map((await workbench.sites.seen()).map((job) => [job.runId, job]));
  const records = (await workbench.runs.list()).map((run) => {
    const job = jobs.get(run.id);
    return job === undefined ? run : { ...run, site: job.site, job };
  });
  const places = jobs.size === 0 ? [] : ['Site', 'Job', 'What it does'];
  return listing(records, ['Name', 'Status', 'Step', 'Of', 'Method', ...places, 'Id'], (r) => {
    const job = jobs.get(r.id);
    const place = jobs.size === 0 ? [] : [job?.site ?? null, job?.jobId ?? null, job === undefined ? null : told(job)];
    return [r.name, r.status, r.step, r.totalSteps, methodOfRun(r), ...place, r.id];
  });
}

function told({ says, trouble }: SiteJob): string {
  return trouble === null ? says : `${says} (not heard of now: ${trouble})`;
}

/** Everything that is listed, as records and as the rows of a table. */
export const listings: Record<ListName, (workbench: Workbench) => Promise<Listing>> = {
  models: async ({ models }) =>
    listing(await models.list(), ['Name', 'Family', 'Parameters', 'State', 'Id'], (m) => [
      m.name,
      m.family,
      m.parameters,
      modelStateText(m),
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
  runs: runListing,
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
  evals: evaluationListing,
  evaluations: evaluationListing,
  comparisons: async ({ comparisons }) =>
    listing(await comparisons.list(), ['Name', 'Rule', 'Paired', 'Negative', 'Positive', 'State', 'Id'], (c) => [
      titleOfComparison(c),
      c.rule.kind,
      c.counts.paired,
      (c.counts.corrected ?? c.counts).kinds.negative,
      (c.counts.corrected ?? c.counts).kinds.positive,
      c.state,
      c.id,
    ]),
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

function listing<T extends { id: string }>(
  records: readonly T[],
  head: readonly string[],
  row: (record: T) => readonly Cell[],
): Listing {
  return { records, head, rows: records.map(row) };
}
