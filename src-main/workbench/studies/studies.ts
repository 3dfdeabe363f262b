import type { EvaluationRecord, RunRecord } from '../../shared/domain/entities.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FrozenStudy, StudyPlace, StudyRecord } from '../../shared/domain/studies.ts';
import type { SpecIssue } from '../../shared/contract/views.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import type { MadeModels } from '../models/made-models.ts';
import type { Reports } from '../reports/reports.ts';
import type { Runs } from '../runs/runs.ts';
import { partOf, throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { checkStudy } from './check-study.ts';
import type { CheckedStudy, FoundSplit } from './check-study.ts';
import { chooseCandidates } from './choose.ts';
import { hashOf, requireUnchanged, settingsOf } from './freeze.ts';
import { measurePath } from './measure.ts';
import { readPaths } from './read-paths.ts';
import { readStudy } from './study-text.ts';
import { knownRun, trained } from './train.ts';
import { pointOf } from './points.ts';
import { cellsOf, validationCells } from './cells.ts';
import type { Cell } from './cells.ts';

export interface StudyOptions {
  /** Where it trains; this machine by default. */
  site?: string | undefined;
  atOnce?: number | undefined;
}

export interface StudyOutcome {
  study: StudyRecord;
  frozen: FrozenStudy;
  /** Runs that did not come to their end: the study continues without them, and takes them up when it is run again. */
  failed: { name: string; status: RunRecord['status']; error: ErrorReport | null }[];
  reportId: string;
}

/** What a study will do, before it does anything. */
export interface StudyPlan {
  name: string;
  /** Trainings and evaluations of each phase, with those that are there already. */
  phases: { phase: StudyPlace['phase']; trainings: number; trained: number; evaluations: number }[];
  frozen: FrozenStudy | null;
  /** What is far from usual in its settings. */
  warnings: SpecIssue[];
}

/** Methods × seeds × models, to one report. Everything that was done is kept: the same file continues where it was. */
export interface Studies {
  list(): Promise<StudyRecord[]>;
  find(nameOrId: string): Promise<StudyRecord>;
  plan(yaml: string, path: string): Promise<StudyPlan>;
  run(yaml: string, path: string, options: StudyOptions, task: Task): Promise<StudyOutcome>;
}

export interface StudiesOptions {
  runs: Runs;
  comparisons: Comparisons;
  madeModels: MadeModels;
  reports: Reports;
}

export function createStudies(core: Core, services: StudiesOptions): Studies {
  const { store, bus } = core;

  async function runCells(
    study: StudyRecord,
    cells: readonly Cell[],
    { split, phase }: { split: FoundSplit; phase: StudyPlace['phase'] },
    options: StudyOptions,
    task: Task,
  ): Promise<StudyOutcome['failed']> {
    const trainings = { runs: services.runs, bus, studyId: study.id, site: options.site };
    if (options.site !== undefined) await handOver(trainings, cells, options);
    const failed: StudyOutcome['failed'] = [];
    for (const [i, cell] of cells.entries()) {
      const part = partOf(task, i / cells.length, (i + 1) / cells.length);
      const run = await trained(trainings, cell.spec, partOf(part, 0, 0.6));
      if (run.status !== 'finished') {
        failed.push({ name: run.name, status: run.status, error: run.error });
        continue;
      }
      await store.setStudyPoint(study.id, pointOf({ ...cell.place, fraction: 1, phase }, { part: 'run' }), run.id);
      await measurePath(core, services, { studyId: study.id, split, cell, run, phase }, partOf(part, 0.6, 1));
    }
    return failed;
  }

  /** What is not trained yet goes to the site as one job. */
  async function handOver(
    trainings: Parameters<typeof trained>[0],
    cells: readonly Cell[],
    { site, atOnce }: StudyOptions,
  ): Promise<void> {
    const missing: Cell[] = [];
    for (const cell of cells.filter(({ merge }) => merge === undefined)) {
      if ((await knownRun(trainings, cell.spec)) === null) missing.push(cell);
    }
    if (missing.length === 0) return;
    await services.runs.launchAll(
      missing.map(({ spec }) => ({ spec })),
      { relation: 'sweep', sweepId: trainings.studyId, site, atOnce },
    );
  }

  /** Settings as validation chose them, put down before anything is measured on the test split. */
  async function freeze(
    study: StudyRecord,
    checked: CheckedStudy,
    options: StudyOptions,
    task: Task,
  ): Promise<{ frozen: FrozenStudy; failed: StudyOutcome['failed'] }> {
    if (study.frozen !== null) {
      requireUnchanged(study.frozen, await settingsOf(core, checked, study.frozen.candidates), study.name);
      return { frozen: study.frozen, failed: [] };
    }
    const { validation, methods } = checked;
    const cells = validationCells(checked);
    let candidates: FrozenStudy['candidates'] = [];
    if (validation !== null && cells.length > 0) {
      const failed = await runCells(study, cells, { split: validation, phase: 'validation' }, options, task);
      if (failed.length > 0) throw unfinishedValidation(failed);
      const names = namesOf(validation);
      const paths = await readPaths(
        core,
        services.comparisons,
        { studyId: study.id, phase: 'validation', names },
        task,
      );
      candidates = chooseCandidates(methods, paths, names.flips);
    }
    const settings = await settingsOf(core, checked, candidates);
    const frozen: FrozenStudy = {
      at: new Date().toISOString(),
      hash: hashOf(settings),
      settings,
      candidates,
      seenBefore: seenBefore(await store.listEvaluations(), checked),
    };
    await store.freezeStudy(study.id, frozen);
    return { frozen, failed: [] };
  }

  async function find(nameOrId: string): Promise<StudyRecord> {
    const all = await store.listStudies();
    const found = all.find(({ id, name }) => name === nameOrId || id === nameOrId);
    if (found !== undefined) return found;
    const names = all.slice(0, 12).map(({ name }) => name);
    throw new WorkbenchError('not-found', `There is no study “${nameOrId}”.`, {
      remedy: names.length === 0 ? 'flipguard study FILE makes one.' : `Known: ${names.join(', ')}.`,
    });
  }

  return {
    list: () => store.listStudies(),
    find,
    async plan(yaml, path) {
      const checked = await checkStudy(core, readStudy(yaml, path));
      const study = (await store.listStudies()).find(({ name }) => name === checked.file.name) ?? null;
      return planOf(services.runs, checked, study);
    },
    async run(yaml, path, options, task) {
      const checked = await checkStudy(core, readStudy(yaml, path));
      const study = await store.openStudy(checked.file.name);
      const { frozen } = await freeze(study, checked, options, partOf(task, 0, 0.3));
      throwIfCancelled(task);
      const part = partOf(task, study.frozen === null ? 0.3 : 0, 0.95);
      const cells = cellsOf(checked, frozen.settings);
      const failed = await runCells(study, cells, { split: checked.test, phase: 'test' }, options, part);
      task.progress('writing the report', 0.95);
      const title = `Study: ${study.name}`;
      const report = await services.reports.add(
        { subject: { kind: 'study', studyId: study.id }, format: 'html', title },
        partOf(task, 0.95, 1),
      );
      return { study: { ...study, frozen }, frozen, failed, reportId: report.id };
    },
  };
}

export function namesOf({ flips, sampledReward, greedyReward }: FoundSplit) {
  return {
    flips: flips.map(({ name }) => name),
    sampledReward: sampledReward.name,
    greedyReward: greedyReward?.name ?? null,
  };
}

async function planOf(runs: Runs, checked: CheckedStudy, study: StudyRecord | null): Promise<StudyPlan> {
  const perPath = (split: FoundSplit) =>
    (checked.file.fractions.length + 1) * (split.flips.length + 1 + (split.greedyReward === null ? 0 : 1));
  const known = study === null ? 0 : (await runs.list()).filter(({ sweepId }) => sweepId === study.id).length;
  const validation = validationCells(checked).length;
  const perMethod = checked.models.length * checked.file.seeds.length;
  const trainedMethods = checked.methods.filter(({ merge }) => merge === undefined).length;
  const phase = (name: StudyPlace['phase'], trainings: number, paths: number, split: FoundSplit | null) => ({
    phase: name,
    trainings,
    trained: name === 'validation' ? Math.min(known, trainings) : Math.max(0, known - validation),
    evaluations: split === null ? 0 : paths * perPath(split),
  });
  return {
    name: checked.file.name,
    phases: [
      ...(validation === 0 ? [] : [phase('validation', validation, validation, checked.validation)]),
      phase('test', trainedMethods * perMethod, checked.methods.length * perMethod, checked.test),
    ],
    frozen: study?.frozen ?? null,
    warnings: checked.warnings,
  };
}

/** Models that were never trained show nothing of the settings; all others do. */
function seenBefore(evaluations: readonly EvaluationRecord[], { test, models }: CheckedStudy): number {
  const suites = [...test.flips, test.sampledReward, test.greedyReward].map((suite) => suite?.id);
  return evaluations.filter(
    ({ suiteId, runId, step, modelId }) =>
      suiteId !== null &&
      suites.includes(suiteId) &&
      (runId === null ? models.every(({ id }) => id !== modelId) : step !== 0),
  ).length;
}

function unfinishedValidation(failed: StudyOutcome['failed']): WorkbenchError {
  const [first] = failed;
  const reason = first?.error === null || first === undefined ? '' : ` ${first.error.message}`;
  const names = failed.map(({ name, status }) => `“${name}” (${status})`).join(', ');
  return new WorkbenchError(
    'conflict',
    `Nothing can be chosen while runs of validation have not ended: ${names}.${reason}`,
    {
      remedy: 'Run the study again: it continues where they are. Or leave their candidates out.',
    },
  );
}
