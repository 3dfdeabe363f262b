import { join } from 'node:path';
import { expect, test } from 'vitest';
import { databaseName } from '../../src-main/store/client.ts';
import { openForReading } from '../../src-main/store/database.ts';
import type { ReadableDb } from '../../src-main/store/database.ts';
import type { StoreReads } from '../../src-main/store/reader.ts';
import { readerMethods } from '../../src-main/store/reader.ts';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import { addEvaluation, addRun, numbered, sample, started, step, temporaryFolder, testStore } from './workspace.ts';

/** Tables that grow with what is evaluated and trained: no list may walk through one of them. */
const big =
  /\bSCAN (dataset_rows|suite_items|samples|s|sample_texts|t|scores|x|outputs|sample_tags|result_tags|run_steps|run_step_samples|run_events|trained_samples|comparison_columns|guard_set_rows|annotations)\b/;

/** Statements that may sort: what they sort is a handful. */
const sortsLittle =
  /FROM samples own|FROM (sample|result)_tags t JOIN names|FROM evaluations e|FROM trained_samples t|FROM dataset_checks/;

async function plansOf(db: ReadableDb, work: (reads: StoreReads) => Promise<unknown>): Promise<Map<string, string>> {
  const shapes = Object.values(db.statements);
  for (const statements of shapes) statements.clear();
  const called = new Set<string>();
  const { offered } = readerMethods(db, 'test');
  const recorded = new Proxy(offered, {
    get: (reads, name, self) => {
      called.add(String(name));
      return Reflect.get(reads, name, self) as unknown;
    },
  });
  await work(recorded);
  // A read that this test forgets would be free to walk through a big table.
  expect(Object.keys(offered).filter((name) => !called.has(name))).toEqual([]);
  const plans = new Map<string, string>();
  for (const { source: text } of shapes.flatMap((statements) => [...statements.values()])) {
    if (text.startsWith('PRAGMA')) continue;
    const steps = db.raw.prepare(`EXPLAIN QUERY PLAN ${text}`).all(...bindings(text)) as { detail: string }[];
    plans.set(text, steps.map(({ detail }) => detail).join('\n'));
  }
  return plans;
}

function bindings(text: string): number[] {
  return Array.from({ length: text.split('?').length - 1 }, () => 1);
}

test('no list walks through a big table or sorts one', async () => {
  const folder = temporaryFolder();
  const store = await testStore(folder);
  const dataset = await store.beginDataset({ name: 'd', kind: 'prompt', import: null });
  await dataset.push([{ kind: 'prompt', id: '1', prompt: 'prompt 1' }]);
  const datasetId = await dataset.commit();
  const suite = await store.beginSuite({ name: 's', kind: 'cloze', origin: 'imported', import: null });
  await suite.push([{ kind: 'cloze', id: '1', prompt: 'a', target: 'b' }]);
  const suiteId = await suite.commit();
  const runId = await addRun(store, { datasetId });
  await store.appendRunEvents(runId, numbered([started(), step(1, { loss: 1 }, { 'guard/fired': [1] }, ['1'])]));
  const results = [
    sample('1', 'right', {
      prompt: 'prompt 1',
      target: undefined,
      slices: ['a'],
      tags: ['b'],
      resultTags: ['r'],
      cluster: 'c',
      metrics: { m: 1 },
    }),
  ];
  const left = await addEvaluation(store, 'l', results, { runId, suiteId });
  const right = await addEvaluation(store, 'r', results, { runId, suiteId });
  const { id } = await store.openComparison(left, right, defaultRule);
  await store.buildComparison(id);
  const { sampleKeys } = await store.flipVectors(id, {});
  const sampleKey = sampleKeys[0] ?? 0;
  await store.annotate(id, [sampleKey], { label: 1 });
  const guard = await store.addGuardSet({ name: 'g', note: '', comparisonId: id, sampleKeys: [sampleKey] });
  await store.settled();
  const db = openForReading(join(folder, databaseName));
  const plans = await plansOf(db, async (reader) => {
    for (const list of [
      'listModels',
      'listDatasets',
      'listSuites',
      'listRuns',
      'listComparisons',
      'listGuardSets',
      'listImports',
      'listReports',
      'listSavedFilters',
      'listMadeFiles',
      'listStudies',
    ] as const)
      reader[list]();
    reader.listCheckpoints();
    reader.listCheckpoints(runId);
    for (const filter of [{}, { runId }, { suiteId }, { checkpointId: 'x' }]) reader.listEvaluations(filter);
    reader.datasetRows(datasetId, 0, 10);
    reader.datasetRowPosition(datasetId, '1');
    reader.runSources(runId, 100);
    reader.answeredPrompts(runId, null, 10);
    reader.promptAnswers(runId, 'row-0');
    reader.datasetRowsAt(datasetId, [0]);
    const listed = reader.openDatasetView(
      datasetId,
      { search: 'prompt', marked: false, ids: ['1'] },
      { column: 'row', direction: 'ascending' },
    );
    reader.datasetWindow(listed.viewId, 0, 10);
    reader.closeDatasetView(listed.viewId);
    reader.getDatasetCheck(datasetId, null);
    reader.listDatasetChecks(datasetId);
    reader.suiteItems(suiteId, 0, 10);
    reader.runMetrics(runId, { points: 10 });
    reader.runEvents(runId, 0, 10);
    reader.runClock(runId);
    reader.evaluationMetrics(left);
    const [first] = reader.evaluationSamples(left, 'right', 0, 1).rows;
    reader.evaluationSamples(left, 'all', 0, 1);
    reader.evaluationSample(left, first?.sampleKey ?? 0);
    reader.listAlerts(runId);
    reader.judgedStatements(id, {});
    reader.judgeReplies('e', ['q']);
    reader.kindMarks();
    reader.listRowScores(datasetId);
    reader.rowsOfHighestScore(datasetId, 'ches', 0.1);
    reader.knownRowIds(datasetId, ['x']);
    reader.curveRows(runId, 0, 10);
    reader.curveNames(runId);
    reader.newestFigure(runId, 'loss');
    reader.listThings();
    reader.listMarks();
    for (const [kind, thing] of [
      ['run', runId],
      ['evaluation', left],
      ['comparison', id],
      ['dataset', datasetId],
    ] as const)
      reader.dependantsOf(kind, thing);
    const view = reader.openFlipView(
      id,
      { tags: ['b'], labels: [1], slices: ['a'], search: 'prompt' },
      { column: 'delta', direction: 'ascending' },
    );
    reader.flipWindow(view.viewId, 0, 10);
    reader.flipFacets(id, { searchMode: 'word', search: 'prompt' });
    await reader.sampleDetail(id, sampleKey);
    reader.flipTexts(id, [sampleKey]);
    reader.sampleTimeline(sampleKey);
    reader.trainingTrace(sampleKey);
    reader.neighbours(id, sampleKey, 3);
    reader.annotations(id);
    reader.guardSetRows(guard.id);
    reader.guardSetSampleKeys(guard.id);
    reader.getStudy('x');
    reader.studyPoints('x');
    reader.getModel('x');
    reader.getDataset(datasetId);
    reader.getSuite(suiteId);
    reader.getRun(runId);
    reader.getCheckpoint('x');
    reader.getEvaluation(left);
    reader.partnersOf(left);
    reader.pairFields(left, right);
    reader.getComparison(id);
    reader.getGuardSet(guard.id);
    reader.getImport('x');
    reader.importOrigin('x');
    reader.getReport('x');
    reader.getSetting('x');
    reader.listSettings();
    reader.joiningOf(left, sampleKey);
    reader.sliceCounts(id);
    reader.sliceSamples(id);
    reader.changeCounts(id, {});
    reader.flipVectors(id, {});
    reader.choiceVectors(id, {});
    reader.repeatedVectors(id, {});
    reader.flipPosition(view.viewId, sampleKey);
    reader.closeFlipView(view.viewId);
  });
  db.raw.close();
  expect(plans.size).toBeGreaterThan(40);
  const walking = [...plans].filter(([, plan]) => big.test(plan));
  expect(walking).toEqual([]);
  const sorting = [...plans].filter(([text, plan]) => plan.includes('USE TEMP B-TREE') && !sortsLittle.test(text));
  expect(sorting).toEqual([]);
  const lists = [...plans].filter(
    ([text]) => text.includes('FROM evaluations e') && text.includes('run_key = (SELECT'),
  );
  expect(lists.map(([, plan]) => plan.includes('USING INDEX evaluations_by_run'))).toEqual([true]);
});
