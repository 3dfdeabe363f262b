import { readFile } from 'node:fs/promises';
import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { Description, ImportPlan } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readDocument, readWhole } from '../records/read-document.ts';
import { readRecords } from '../records/read-records.ts';
import { type Layout, problemRecord, type RawRecord, type RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import { readSummaryName, type SweBenchFiles, type SweBenchInstance } from '../sources/swe-bench-files.ts';
import { overlay, resultPlan } from './mapped.ts';
import { newMetrics } from './metrics.ts';

/** One instance as any of the harness's files tells of it. */
interface Told {
  id: string;
  verdict: Verdict | null;
  patch: string | null;
  /** Shares of the tests that had to be fixed and that had to stay whole. */
  failToPass: number | null;
  passToPass: number | null;
  tags: string[];
}

class Tally {
  rows = 0;
  readonly notes = new Map<string, number>();

  note(sentence: string): void {
    this.notes.set(sentence, (this.notes.get(sentence) ?? 0) + 1);
  }
}

const failedByHarness = '{n} instances have no verdict: the harness could not grade them.';
const failedByPlace = '{n} instances have no verdict: the environment failed, not the patch.';

/** Instances of a folder: `report.json` of each, with its patch. */
export function planSweBench(source: SweBenchFiles, map: FieldMap): ImportPlan<SampleResult> {
  const bytes = source.instances.reduce(
    (sum, { report, patch }) => sum + (report?.bytes ?? 0) + (patch?.bytes ?? 0),
    0,
  );
  const tally = new Tally();
  return planTold(map, bytes, (session) => readFolders(source.instances, session, tally), {
    model: source.model?.replace('__', '/') ?? null,
    run: source.run,
    tally,
  });
}

/** A file alone: a run's summary (`resolved_ids`), or a report of one instance or of several. */
export function planSweBenchFile(file: SourceFile, layout: Layout, map: FieldMap): ImportPlan<SampleResult> {
  const tally = new Tally();
  const { model, run } = readSummaryName(file.name);
  return planTold(map, file.bytes, (session) => readFileAlone(file, layout, session, tally), {
    model: file.name === 'report.json' ? null : model,
    run: file.name === 'report.json' ? null : run,
    tally,
  });
}

function planTold(
  map: FieldMap,
  totalBytes: number,
  records: (session: ReadSession) => RecordBatches,
  { model, run, tally }: { model: string | null; run: string | null; tally: Tally },
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  return {
    ...resultPlan(mapping),
    format: 'swe-bench',
    totalBytes,
    records,
    mapRecord: (value) => {
      const row = rowOf(value as Told);
      return { row, id: overlay(row, value, mapping, (value as Told).id) };
    },
    describe: (): Partial<Description> => ({
      tool: { name: 'swe-bench', version: null },
      tasks: ['SWE-bench'],
      models: model === null ? [] : [model],
      verdictFrom: 'Resolved: all tests that had to be fixed pass, and those that passed still do.',
      scoreMeaning: 'Share of the tests to be fixed that pass.',
      measure: { metric: 'resolved' },
      notes: [
        ...(run === null ? [] : [`Run ${run}.`]),
        ...[...tally.notes].map(([sentence, count]) => sentence.replace('{n}', count.toLocaleString('en-US'))),
      ],
    }),
  };
}

function rowOf({ id, verdict, patch, failToPass, passToPass, tags }: Told): SampleResult {
  const row: SampleResult = { sampleId: '', prompt: '', output: patch, score: failToPass, verdict };
  // The repository, as the benchmark's own tables have it.
  const repository = /^(.+?)__(.+)-[^-]+$/.exec(id);
  if (repository !== null) row.slices = [`${repository[1]}/${repository[2]}`];
  const metrics = newMetrics();
  if (failToPass !== null) metrics['fail_to_pass'] = failToPass;
  if (passToPass !== null) metrics['pass_to_pass'] = passToPass;
  if (Object.keys(metrics).length > 0) row.metrics = metrics;
  if (tags.length > 0) row.resultTags = tags;
  return row;
}

async function* readFolders(instances: readonly SweBenchInstance[], session: ReadSession, tally: Tally): RecordBatches {
  for (const instance of instances) {
    session.checkCancelled();
    const patch = instance.patch === null ? null : await readWhole(instance.patch.path, instance.patch.name, session);
    const place = { file: instance.report?.name ?? instance.patch?.name ?? instance.log?.name ?? instance.id, line: 1 };
    if (instance.report === null) {
      yield [{ ...place, value: await withoutReport(instance, patch, tally) }];
      continue;
    }
    const report = await reportOf(instance.report, session);
    if ('problem' in report) yield [{ ...place, problem: report.problem }];
    else yield entriesOf(report.value, instance.id).map((entry) => asRecord(entry, patch, place, tally));
  }
}

/** A report of no bytes is a run that was cut; the harness counts it as an error as well. */
async function reportOf(
  file: SourceFile,
  session: ReadSession,
): Promise<{ value: unknown } | Extract<RawRecord, { problem: unknown }>> {
  try {
    return { value: await readDocument(file.path, file.name, session) };
  } catch (error) {
    if (!(error instanceof WorkbenchError) || error.code !== 'bad-input') throw error;
    return problemRecord({ file: file.name, line: 1 }, 'bad-json', error.message) as Extract<
      RawRecord,
      { problem: unknown }
    >;
  }
}

/** A report holds its instance under its id; older ones are the entry itself. */
function entriesOf(report: unknown, id: string): [string, unknown][] {
  if (isEntry(report)) return [[id, report]];
  return isPlainObject(report) ? Object.entries(report) : [[id, report]];
}

function isEntry(value: unknown): boolean {
  return typeof own(value, 'resolved') === 'boolean' || own(value, 'patch_exists') !== undefined;
}

function asRecord(
  [id, entry]: [string, unknown],
  patch: string | null,
  place: { file: string; line: number },
  tally: Tally,
): RawRecord {
  try {
    return { ...place, value: readEntry(id, entry, patch, tally) };
  } catch (error) {
    if (!(error instanceof Misfit)) throw error;
    return { ...place, problem: error.problem };
  }
}

function readEntry(id: string, entry: unknown, patch: string | null, tally: Tally): Told {
  const resolved = own(entry, 'resolved');
  if (typeof resolved !== 'boolean')
    throw new Misfit('missing-field', `“resolved” of ${id} is missing or no truth value.`, 'resolved');
  const tests = own(entry, 'tests_status');
  const isFailedPlace = own(entry, 'infra_failure') === true;
  if (isFailedPlace) tally.note(failedByPlace);
  const tags: string[] = [];
  if (own(entry, 'patch_is_None') === true || own(entry, 'patch_exists') === false) tags.push('empty-patch');
  else if (own(entry, 'patch_successfully_applied') === false) tags.push('patch-not-applied');
  if (isFailedPlace) tags.push('error');
  return {
    id,
    verdict: isFailedPlace ? null : resolved ? 'right' : 'wrong',
    patch,
    failToPass: shareOf(own(tests, 'FAIL_TO_PASS')),
    passToPass: shareOf(own(tests, 'PASS_TO_PASS')),
    tags,
  };
}

function shareOf(tests: unknown): number | null {
  const [success, failure] = [own(tests, 'success'), own(tests, 'failure')];
  if (!Array.isArray(success) || !Array.isArray(failure) || success.length + failure.length === 0) return null;
  return success.length / (success.length + failure.length);
}

const lookedAtBytes = 2 ** 20;

/** Why there is no report: a patch that does not apply is the model's; a container that did not start is nobody's. */
async function withoutReport({ id, log }: SweBenchInstance, patch: string | null, tally: Tally): Promise<Told> {
  const said = log === null || log.bytes > lookedAtBytes ? '' : await readFile(log.path, 'utf8');
  const told = { id, patch, failToPass: null, passToPass: null };
  if (patch === '') return { ...told, verdict: 'wrong', tags: ['empty-patch'] };
  if (said.includes('>>>>> Patch Apply Failed')) return { ...told, verdict: 'wrong', tags: ['patch-not-applied'] };
  tally.note(failedByHarness);
  return { ...told, verdict: null, tags: ['error'] };
}

async function* readFileAlone(file: SourceFile, layout: Layout, session: ReadSession, tally: Tally): RecordBatches {
  if (layout.container === 'json' && layout.entries === true) {
    for await (const batch of readRecords(file.path, file.name, layout, session)) {
      yield batch.flatMap((record): RawRecord[] => {
        if ('problem' in record) return [record];
        const { key, value } = record.value as { key: string; value: unknown };
        return [asRecord([key, value], null, { file: record.file, line: record.line }, tally)];
      });
    }
    return;
  }
  const summary = await readDocument(file.path, file.name, session);
  yield summaryRows(summary, tally).map((value) => ({ file: file.name, line: 1, value }));
}

/** A run's summary: which instances were resolved, and what became of the others. */
function summaryRows(summary: unknown, tally: Tally): Told[] {
  const ids = (name: string): string[] => {
    const list = own(summary, `${name}_ids`);
    return Array.isArray(list) ? list.filter((id): id is string => typeof id === 'string') : [];
  };
  const resolved = new Set(ids('resolved'));
  const empty = new Set(ids('empty_patch'));
  const failed = new Set(ids('error'));
  const byPlace = new Set(ids('infra_failure'));
  const ambiguous = new Set(ids('ambiguous_failure'));
  const unresolved = ids('unresolved');
  const graded = [...resolved, ...empty, ...failed, ...unresolved];
  const all = new Set(graded.length > 0 ? graded : ids('submitted'));
  // An early summary names those that were submitted, and of these the resolved.
  if (unresolved.length === 0) for (const id of [...ids('completed'), ...ids('submitted')]) all.add(id);
  for (const id of ids('incomplete')) {
    if (!all.has(id)) tally.note('{n} instances of the dataset were not attempted.');
  }
  return [...all].toSorted().map((id): Told => {
    const noVerdict = byPlace.has(id) || failed.has(id);
    if (noVerdict) tally.note(byPlace.has(id) ? failedByPlace : failedByHarness);
    return {
      id,
      verdict: noVerdict ? null : resolved.has(id) ? 'right' : 'wrong',
      patch: null,
      failToPass: null,
      passToPass: null,
      tags: [
        ...(empty.has(id) ? ['empty-patch'] : []),
        ...(ambiguous.has(id) ? ['ambiguous-failure'] : []),
        ...(noVerdict ? ['error'] : []),
      ],
    };
  });
}
