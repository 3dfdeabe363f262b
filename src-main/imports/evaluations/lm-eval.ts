import type { SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { own } from '../field-path.ts';
import type { Description, ImportPlan } from '../import-stream.ts';
import { readDocument } from '../records/read-document.ts';
import { readRecords } from '../records/read-records.ts';
import type { RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { LmEvalFiles, LmEvalTaskFile } from '../sources/lm-eval-files.ts';
import { type LmEvalSurvey, surveyLmEval } from './lm-eval-survey.ts';
import { configOf, LmEvalTask } from './lm-eval-task.ts';
import { overlay, resultPlan } from './mapped.ts';

/** Samples that lm-evaluation-harness wrote with `--log_samples`, one file a task, with the results file next to them. */
export function planLmEval(source: LmEvalFiles, map: FieldMap, variant: string | undefined): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  const results = new Map<string, unknown>();
  const surveys = new Map<string, LmEvalSurvey>();
  const tasks = new Map<string, LmEvalTask>();
  return {
    ...resultPlan(mapping),
    format: 'lm-eval',
    totalBytes: source.totalBytes,
    records: (session) => readAll(source, session, results, surveys),
    mapRecord: (record, place) => {
      const task = taskOf(source, place.file, { tasks, results, surveys, variant });
      const mapped = task.map(record);
      return 'leftOut' in mapped ? mapped : { row: mapped.row, id: overlay(mapped.row, record, mapping, mapped.id) };
    },
    describe: () => describe([...tasks.values()], [...results.values()], source.notes),
  };
}

/** Results files first, and each task's samples twice: what they say as a whole is needed to read the first of them. */
async function* readAll(
  source: LmEvalFiles,
  session: ReadSession,
  results: Map<string, unknown>,
  surveys: Map<string, LmEvalSurvey>,
): RecordBatches {
  for (const file of source.results) results.set(file.name, await readDocument(file.path, file.name, session));
  for (const file of source.samples) {
    const { path, name, layout, task, resultsName } = file;
    const config = configOf(results.get(resultsName ?? ''), task);
    surveys.set(name, yield* surveyLmEval(file, config, session));
    yield* readRecords(path, name, layout, session);
  }
}

interface Reading {
  tasks: Map<string, LmEvalTask>;
  results: ReadonlyMap<string, unknown>;
  surveys: ReadonlyMap<string, LmEvalSurvey>;
  variant: string | undefined;
}

function taskOf(source: LmEvalFiles, file: string, { tasks, results, surveys, variant }: Reading): LmEvalTask {
  const known = tasks.get(file);
  if (known !== undefined) return known;
  const entry: LmEvalTaskFile | undefined = source.samples.find(({ name }) => name === file);
  const survey = surveys.get(file) ?? { filters: new Map(), gold: 'text', judging: null };
  const task = new LmEvalTask(entry?.task ?? file, results.get(entry?.resultsName ?? ''), survey, variant);
  tasks.set(file, task);
  return task;
}

function describe(
  tasks: readonly LmEvalTask[],
  results: readonly unknown[],
  notes: readonly string[],
): Partial<Description> {
  const version = results.map((result) => own(result, 'lm_eval_version')).find((value) => typeof value === 'string');
  const models = results
    .map((result) => own(result, 'model_name'))
    .filter((name): name is string => typeof name === 'string');
  return {
    tool: { name: 'lm-evaluation-harness', version: typeof version === 'string' ? version : null },
    tasks: tasks.map((task) => task.name),
    models: distinct(models),
    decoding: tasks.find((task) => task.decoding !== null)?.decoding ?? null,
    verdictFrom: tasks.length === 0 ? null : verdictsFrom(tasks),
    scoreMeaning:
      tasks.length === 0 ? null : `Score: ${distinct(tasks.map((task) => task.scoreMeaning())).join('; ')}.`,
    variant: tasks[0]?.choice.variant ?? null,
    variants: distinct(tasks.flatMap((task) => task.choice.variants)),
    measure: tasks[0]?.measure() ?? {},
    notes: [...notes, ...tasks.flatMap((task) => task.repeatNotes())],
  };
}

function verdictsFrom(tasks: readonly LmEvalTask[]): string {
  const metrics = distinct(tasks.filter(({ choice }) => !choice.isEach).map((task) => task.verdictMetric ?? 'none'));
  return [
    ...(metrics.length === 0 ? [] : [`Metric ${metrics.join(', ')}: 1 is right, 0 is wrong.`]),
    ...distinct(tasks.filter(({ choice }) => choice.isEach).map((task) => task.eachFrom())),
  ].join(' ');
}

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}
