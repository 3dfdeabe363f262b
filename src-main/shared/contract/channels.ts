// Over 300 lines: the contract is one list, to be read and searched as one.
import { suiteKinds } from '../domain/evaluations.ts';
import { z } from 'zod';
import { reportFormats } from '../domain/reports/report-formats.ts';
import type { AnsweredPrompt, PromptTimeline } from '../domain/answered-prompts.ts';
import type {
  Annotation,
  CheckpointRecord,
  DatasetRecord,
  EvaluationRecord,
  GuardSetRecord,
  ImportRecord,
  MetricSeries,
  ModelRecord,
  ReportRecord,
  RunRecord,
  RunSource,
  SavedFilter,
  SuiteRecord,
} from '../domain/entities.ts';
import type { StoredCheck } from '../domain/data/check.ts';
import { findings } from '../domain/data/findings.ts';
import { rowSortColumns } from '../domain/data/row-view.ts';
import { isAlert } from '../domain/alerts.ts';
import type { AlertRecord } from '../domain/alerts.ts';
import { rowScoreNames } from '../domain/data/row-scores.ts';
import type { Suspects } from '../domain/data/row-scores.ts';
import type { ListedRow, RowViewHandle } from '../domain/data/row-view.ts';
import { rowReadings } from '../domain/data/shown-row.ts';
import type { PlacedRow } from '../domain/data/shown-row.ts';
import type { DatasetRow } from '../domain/datasets.ts';
import { verdictChoices } from '../domain/evaluation-samples.ts';
import type { ListedSample } from '../domain/evaluation-samples.ts';
import type { TokenLedger } from '../domain/evaluations.ts';
import type {
  ComparisonRecord,
  FlipFacets,
  FlipRow,
  FlipView,
  Neighbour,
  SampleDetail,
  TimelineMark,
  TrainingTrace,
} from '../domain/flip-view.ts';
import { flipFilterSchema, flipSortSchema } from '../domain/flip-filter.ts';
import type { FlipSet } from '../domain/kinds/flip-set.ts';
import type { KindRulesView, KindTrial } from '../domain/kinds/kind-rules-view.ts';
import { kindSettingsSchema } from '../domain/kinds/own-kinds-schema.ts';
import { pairJudgeSchema } from '../domain/judging/pairwise.ts';
import type { PairPlan } from '../domain/judging/pairwise.ts';
import { judgeWishSchema } from '../domain/kinds/judged-statements.ts';
import type { JudgedStatements, JudgePlan } from '../domain/kinds/judged-statements.ts';
import type { SetStatements } from '../domain/kinds/set-statements.ts';
import type { ChangeSummary } from '../domain/statistics/change-summary.ts';
import type { SliceSearchResult } from '../domain/statistics/slice-search.ts';
import { corrections } from '../domain/statistics/multiple-tests.ts';
import { ruleSchema } from '../domain/flip-rule-schema.ts';
import type { ShownEvent } from '../domain/trainer-events.ts';
import type { RunClock } from '../domain/run-clock.ts';
import { promptFormats } from '../domain/tried-prompt.ts';
import type { TriedPrompt } from '../domain/tried-prompt.ts';
import { siteProfileSchema, siteSchema } from '../domain/sites.ts';
import type { Site, SiteJob, SubmissionPreview } from '../domain/sites.ts';
import { thingKindSchema } from '../domain/things.ts';
import type { Dependants, ThingMarks } from '../domain/things.ts';
import { channel, handle, id, name, none } from './channel.ts';
import type { InputOf, OutputOf, ParsedInputOf } from './channel.ts';
import type { Partner } from '../domain/pairing.ts';
import type {
  ComparisonBasis,
  ComparisonSummary,
  Computed,
  Doctor,
  Findings,
  FlipMeterPoint,
  FolderListing,
  FoundThing,
  FrontierPoint,
  ImportPreview,
  OfferedModel,
  Job,
  Matrix,
  SiteView,
  MitigationLedger,
  OpenedReport,
  SetUpState,
  SpecCheck,
  WorkspaceSummary,
} from './views.ts';

const texts = z.array(z.string().max(500)).max(200);
const lengths = z.tuple([z.number().nullable(), z.number().nullable()]).optional();
const rowFilterSchema = z.strictObject({
  findings: z.array(z.enum(findings)).max(40).optional(),
  without: z.array(z.enum(findings)).max(40).optional(),
  tags: texts.optional(),
  scripts: texts.optional(),
  search: z.string().max(2000).optional(),
  marked: z.boolean().optional(),
  prompt: lengths,
  response: lengths,
  rejected: lengths,
  difference: lengths,
  ids: z.array(z.string().max(500)).max(2_000_000).optional(),
  scores: z.partialRecord(z.enum(rowScoreNames), z.tuple([z.number().nullable(), z.number().nullable()])).optional(),
});
const rowSortSchema = z.strictObject({
  column: z.enum(rowSortColumns),
  direction: z.enum(['ascending', 'descending']),
});
const seed = z.number().int().min(0);
const versionStepSchema = z.discriminatedUnion('do', [
  z.strictObject({ do: z.literal('leave-out'), where: rowFilterSchema }),
  z.strictObject({ do: z.literal('keep-only'), where: rowFilterSchema }),
  z.strictObject({ do: z.literal('sample'), rows: z.number().int().min(1), seed }),
  z.strictObject({ do: z.literal('split'), share: z.number().gt(0).lt(1), seed, part: z.enum(['first', 'rest']) }),
]);
const sampleRef = z.strictObject({ comparisonId: id, sampleKey: z.number().int() });
const reportFormat = z.enum(reportFormats);
const verdict = z.enum(['right', 'wrong', 'tie']).nullable();
/** A spec as the form has it (object) or as the editor has it (YAML text). */
const specInput = z.union([
  z.strictObject({ yaml: z.string().max(200_000) }),
  z.strictObject({ spec: z.record(z.string(), z.unknown()) }),
]);
const importTarget = z.enum(['model', 'dataset', 'evaluation', 'suite']);

/** The list of a window that asks: a search of its own that it no longer wants is ended by the next one. */
const place = id.optional();

const flavour = z.enum(['cpu', 'cuda']);
/** A host that has TensorFlow's archives as the official one does; what comes from it is compared with the published digest. */
const mirror = z
  .url({ protocol: /^https?$/, error: 'A mirror is an address that begins with https:// or http://.' })
  .max(2000);

/** Where alerts of what is started are sent as well; on this machine, or encrypted. */
const alertsTo = z.string().min(1).max(2000).optional();
const siteName = siteSchema.shape.name;

/** Every request there is. A test lists these names exactly and feeds each a bad input. */
export const channels = {
  'workspace.summary': channel<WorkspaceSummary>()(none),
  /** `again` tries the backends again instead of telling what was found at the start. */
  'workspace.doctor': channel<Doctor>()(z.strictObject({ again: z.boolean().default(false) })),
  /** TensorFlow's library: what is here, and what it would cost where it is not. */
  'setup.look': channel<SetUpState>()(z.strictObject({ mirror: mirror.optional() })),
  /** Starts to set it up. `folder` is asked for by a dialog of the system; null when that was dismissed. */
  'setup.start': channel<{ jobId: string | null }>()(
    z.discriminatedUnion('source', [
      z.strictObject({ source: z.literal('official'), flavour, mirror: mirror.optional() }),
      z.strictObject({ source: z.literal('wheel'), flavour }),
      z.strictObject({ source: z.literal('folder') }),
    ]),
  ),
  'settings.get': channel<Record<string, string>>()(none),
  'settings.set': channel<null>()(
    z.strictObject({ key: z.string().regex(/^[a-z][a-zA-Z.]{0,60}$/), value: z.string().max(20_000) }),
  ),
  /** Allows what an error said is missing (`consent`), until the workbench closes. */
  'consents.give': channel<null>()(
    z.discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('endpoint'), origin: z.string().min(1).max(300) }),
      z.strictObject({ kind: z.literal('program'), command: z.string().min(1).max(20_000) }),
    ]),
  ),
  'jobs.list': channel<Job[]>()(none),
  'jobs.cancel': channel<null>()(z.strictObject({ jobId: id })),
  /** What a job of a channel that returns `Computed` came to, of the type it says there. */
  'jobs.take': channel<unknown>()(z.strictObject({ jobId: id })),
  /** Whoever asked no longer wants it; with the last of them the job is cancelled. */
  'jobs.leave': channel<null>()(z.strictObject({ jobId: id })),

  /** Electron: a native dialog, returns null when dismissed. Web: null, the renderer shows `files.browse`. */
  'files.pick': channel<{ handle: string; name: string } | null>()(
    z.strictObject({ purpose: z.enum(['file', 'folder']) }),
  ),
  'files.browse': channel<FolderListing>()(z.strictObject({ handle: handle.nullable() })),

  /** A file or folder by a path that a person typed; refused unless it is there, whole and not hidden. */
  'files.find': channel<{ handle: string; name: string; kind: 'file' | 'folder' }>()(
    z.strictObject({ path: z.string().min(1).max(4096) }),
  ),
  /** Folders that were imported from, the latest first. */
  'files.recent': channel<{ handle: string; label: string }[]>()(none),
  /** A folder for files that are uploaded together; its handle goes with each of them. */
  'files.beginUpload': channel<{ handle: string }>()(none),
  'files.dropUpload': channel<null>()(z.strictObject({ handle })),

  /** Tells evaluations, datasets, suites, models, reports and workspaces apart, by content. */
  'imports.recognise': channel<FoundThing[]>()(z.strictObject({ handles: z.array(handle).min(1).max(200) })),
  'imports.preview': channel<ImportPreview>()(
    z.strictObject({
      handle,
      target: importTarget,
      format: z.string().max(40).default('auto'),
      mapping: z.record(z.string().max(40), z.string().max(500)).default({}),
      suiteKind: z.enum(suiteKinds).optional(),
      variant: z.string().max(500).optional(),
    }),
  ),
  'imports.accept': channel<{ jobId: string }>()(
    /** `baseId`: the model that an adapter sits on. */
    z.strictObject({ previewId: id, name, strict: z.boolean().default(false), baseId: id.optional() }),
  ),
  'imports.list': channel<ImportRecord[]>()(none),
  'imports.undo': channel<null>()(z.strictObject({ importId: id })),

  'models.list': channel<ModelRecord[]>()(none),
  /** Models and adapters that are in the Hub's cache of this machine; nothing is asked of the Hub. */
  'models.cached': channel<OfferedModel[]>()(none),
  'models.fetchDemo': channel<{ jobId: string }>()(none),
  'models.remove': channel<null>()(z.strictObject({ modelId: id })),
  /** The models of a merge file: its text, or the object it stands for. */
  'models.merge': channel<{ jobId: string }>()(z.strictObject({ input: specInput })),
  'datasets.list': channel<DatasetRecord[]>()(none),
  'datasets.rows': channel<DatasetRow[]>()(
    z.strictObject({ datasetId: id, offset: z.number().int().min(0), limit: z.number().int().min(1).max(500) }),
  ),
  /** A row as a model sees it in training. `row`: its number from 1, or its id. */
  'datasets.show': channel<PlacedRow>()(
    z.strictObject({
      datasetId: id,
      row: z.string().min(1).max(500),
      model: z.string().min(1).max(500),
      reading: z.enum(rowReadings).optional(),
      maxLength: z.number().int().min(1).max(10_000_000).optional(),
    }),
  ),
  /** Starts a check, or answers at once with one that was made with the same settings. */
  'datasets.check': channel<{ jobId: string }>()(
    z.strictObject({
      datasetId: id,
      model: z.string().min(1).max(500).optional(),
      reading: z.enum(rowReadings).optional(),
      maxLength: z.number().int().min(1).max(10_000_000).optional(),
      against: texts.optional(),
      /** Measures the margins of pairs under the model as well. */
      margins: z.boolean().optional(),
    }),
  ),
  /** The newest check: what lists and versions go by. */
  'datasets.checked': channel<StoredCheck | null>()(z.strictObject({ datasetId: id })),
  'datasets.open': channel<RowViewHandle>()(
    z.strictObject({ datasetId: id, filter: rowFilterSchema, sort: rowSortSchema, place }),
  ),
  'datasets.window': channel<ListedRow[]>()(
    z.strictObject({
      viewId: id,
      offset: z.number().int().min(0),
      limit: z.number().int().min(1).max(500),
    }),
  ),
  'datasets.close': channel<null>()(z.strictObject({ viewId: id })),
  /** Marks rows by their numbers, from 1. Answers how many are marked now. */
  'datasets.mark': channel<number>()(
    z.strictObject({ datasetId: id, rows: z.array(z.number().int().min(1)).max(10_000), on: z.boolean() }),
  ),
  'datasets.nearFlips': channel<{ ids: string[]; note: string }>()(
    z.strictObject({
      datasetId: id,
      comparisonId: id,
      filter: flipFilterSchema,
      similarity: z.number().min(0.05).max(1).optional(),
    }),
  ),
  'datasets.version': channel<{ jobId: string }>()(
    z.strictObject({ datasetId: id, name, step: versionStepSchema, note: z.string().max(1000).optional() }),
  ),
  /** Clusters that take runs; with what a doctor last saw of each. */
  'sites.list': channel<SiteView[]>()(none),
  'sites.add': channel<Site>()(
    z.strictObject({
      name: siteSchema.shape.name,
      host: siteSchema.shape.host,
      folder: siteSchema.shape.folder,
      program: siteSchema.shape.program.optional(),
      profile: siteProfileSchema.partial(),
    }),
  ),
  'sites.remove': channel<null>()(z.strictObject({ name: siteName })),
  'sites.doctor': channel<{ jobId: string }>()(z.strictObject({ name: siteName })),
  /** The script as it would be submitted, and when Slurm expects it to start. */
  'sites.preview': channel<SubmissionPreview>()(
    z.strictObject({
      name: siteName,
      label: z.string().max(200),
      tasks: z.number().int().min(1).max(100_000),
      atOnce: z.number().int().min(1).max(10_000).optional(),
    }),
  ),
  /** Of every run at a site, ended ones too. */
  'sites.jobs': channel<(SiteJob & { id: string })[]>()(none),
  'sites.log': channel<{ log: string }>()(
    z.strictObject({ runId: id, lines: z.number().int().min(1).max(2000).default(200) }),
  ),

  /** The workbench of another machine in place of this window, where the shell has windows. */
  'hosts.connect': channel<Computed<null>>()(
    z.strictObject({
      host: z.string().min(1).max(255),
      program: z.string().min(1).max(2000).optional(),
      workspace: z.string().min(1).max(2000).optional(),
    }),
  ),

  'suites.list': channel<SuiteRecord[]>()(none),
  /** Adds a prompt to a suite of prompts, or makes one of it. */
  'suites.keep': channel<SuiteRecord>()(
    z.strictObject({
      into: z.union([z.strictObject({ suiteId: id }), z.strictObject({ name })]),
      prompt: z.string().min(1).max(1_000_000),
      format: z.enum(['text', 'chat']),
      target: z.string().min(1).max(1_000_000).optional().describe('What an answer should be, or contain.'),
    }),
  ),

  /** What models answer to a prompt; pieces of it come as `prompt-text` events of this `stream` while they are made. */
  'prompts.try': channel<Computed<TriedPrompt>>()(
    z.strictObject({
      targets: z.array(id.describe('A model or a checkpoint.')).min(1).max(2),
      prompt: z.string().min(1).max(1_000_000),
      format: z.enum(promptFormats),
      temperature: z.number().min(0).max(10),
      maxTokens: z.number().int().min(1).max(100_000),
      seed,
      stream: id,
    }),
  ),

  'runs.list': channel<RunRecord[]>()(none),
  'runs.get': channel<RunRecord>()(z.strictObject({ runId: id })),
  /** JSON Schema of the run spec, for the generated form. */
  'runs.schema': channel<Record<string, unknown>>()(none),
  'runs.check': channel<SpecCheck>()(
    z.strictObject({ input: specInput, parentRunId: id.optional(), estimate: z.boolean().default(false) }),
  ),
  /** `site`: where it runs; this machine unless given. */
  'runs.launch': channel<RunRecord>()(
    z.strictObject({ input: specInput, parentRunId: id.optional(), site: siteName.optional(), alertsTo }),
  ),
  'runs.sweep': channel<RunRecord[]>()(
    z.strictObject({
      input: specInput,
      parentRunId: id.optional(),
      site: siteName.optional(),
      alertsTo,
      atOnce: z.number().int().min(1).max(10_000).optional(),
      vary: z
        .array(z.strictObject({ path: z.string().min(1).max(200), values: z.array(z.unknown()).min(1).max(100) }))
        .min(1)
        .max(5),
    }),
  ),
  /**
   * Takes another trainer's output folder as a run and, with `follow`, looks at it until its training ends: a job, whose result names the run.
   * Rules and suites are looked at as checkpoints come.
   */
  'watching.start': channel<{ jobId: string }>()(
    z.strictObject({
      handle,
      follow: z.boolean(),
      name: name.optional(),
      base: z.string().min(1).max(500).optional().describe('model it began with, by name or id'),
      dataset: z.string().min(1).max(500).optional(),
      suites: z.array(z.string().min(1).max(500)).max(50).default([]),
      site: siteName.optional().describe('has each checkpoint evaluated there'),
      alerts: z.array(z.string().max(200).refine(isAlert, 'is not a rule')).max(20).default([]),
      alertsTo,
    }),
  ),
  'runs.stop': channel<null>()(z.strictObject({ runId: id })),
  'runs.pause': channel<null>()(z.strictObject({ runId: id })),
  'runs.unpause': channel<null>()(z.strictObject({ runId: id })),
  'runs.resume': channel<RunRecord>()(z.strictObject({ runId: id, alertsTo })),
  'runs.remove': channel<null>()(z.strictObject({ runId: id })),
  /** Weights between a run's start and its newest checkpoint, evaluated on the suites that the run was. */
  'runs.interpolate': channel<{ jobId: string }>()(
    z.strictObject({ runId: id, fractions: z.array(z.number().gt(0).lt(1)).min(1).max(32) }),
  ),
  'runs.annotate': channel<RunRecord>()(
    z.strictObject({
      runId: id,
      name: name.optional(),
      note: z.string().max(20_000).optional(),
      tags: texts.optional(),
    }),
  ),
  'runs.metrics': channel<MetricSeries[]>()(
    z.strictObject({
      runId: id,
      names: texts.optional(),
      fromStep: z.number().int().min(0).optional(),
      toStep: z.number().int().min(0).optional(),
      points: z.number().int().min(10).max(10_000).default(1000),
    }),
  ),
  'runs.events': channel<ShownEvent[]>()(
    z.strictObject({
      runId: id,
      afterSeq: z.number().int().min(0),
      limit: z.number().int().min(1).max(2000).default(500),
    }),
  ),
  'runs.clock': channel<RunClock>()(z.strictObject({ runId: id })),
  /** What the run saw of each dataset of its mixture; empty where it has one. */
  'runs.sources': channel<RunSource[]>()(
    z.strictObject({ runId: id, points: z.number().int().min(10).max(10_000).default(1000) }),
  ),
  'runs.flipMeter': channel<Computed<FlipMeterPoint[]>>()(z.strictObject({ runId: id })),
  /** What rules of the run found, the newest first. */
  /** Where the person of this machine has alerts sent, whatever the workspace. */
  'alerts.address': channel<string | null>()(none),
  /** Keeps it, or forgets it with null; an address that nobody allowed yet is refused with the consent it needs. */
  'alerts.keepAddress': channel<null>()(z.strictObject({ address: z.string().min(1).max(2000).nullable() })),
  'runs.alerts': channel<AlertRecord[]>()(z.strictObject({ runId: id })),
  /** Of a run that has ended: rules that could never hold, for want of their curve or of flips, as sentences. */
  'runs.silentAlerts': channel<string[]>()(z.strictObject({ runId: id })),
  /** Which training rows may have caused its flips: of those chosen, or all; their scores stay with the dataset. */
  'runs.suspects': channel<Computed<Suspects>>()(
    z.strictObject({
      runId: id,
      comparisonId: id.optional(),
      sampleKeys: z.array(z.number().int()).max(5000).optional(),
      by: z.enum(rowScoreNames).optional(),
      ches: z.boolean().optional(),
      gradients: z.boolean().optional(),
    }),
  ),
  /** Prompts that the policy answered while it trained on its answers, in the order of their ids, after one of them on. */
  'runs.answeredPrompts': channel<AnsweredPrompt[]>()(
    z.strictObject({ runId: id, after: z.string().max(500).optional(), limit: z.number().int().min(1).max(500) }),
  ),
  /** What it answered to one of them, step by step; null where it never did. */
  'runs.promptAnswers': channel<PromptTimeline | null>()(z.strictObject({ runId: id, sampleId: z.string().max(500) })),
  'checkpoints.list': channel<CheckpointRecord[]>()(z.strictObject({ runId: id.optional() })),

  'evaluations.list': channel<EvaluationRecord[]>()(
    z.strictObject({ runId: id.optional(), checkpointId: id.optional(), suiteId: id.optional() }),
  ),
  'evaluations.start': channel<{ jobId: string }>()(
    z.strictObject({
      target: id.describe('A run, a checkpoint or a model.'),
      suiteId: id,
      name: name.optional(),
      seed: z.number().int().min(0).optional(),
      site: siteName.optional().describe('Has it evaluated there.'),
    }),
  ),
  /** How many samples each other evaluation is likely to share with this one. */
  'evaluations.partners': channel<Partner[]>()(z.strictObject({ evaluationId: id })),
  /** Samples of one evaluation, whatever it is compared with; texts are cut. */
  'evaluations.samples': channel<{ total: number; rows: ListedSample[] }>()(
    z.strictObject({
      evaluationId: id,
      verdict: z.enum(verdictChoices).default('all'),
      offset: z.number().int().min(0),
      limit: z.number().int().min(1).max(500),
    }),
  ),
  /** One of them, whole. */
  'evaluations.sample': channel<ListedSample>()(
    z.strictObject({ evaluationId: id, sampleKey: z.number().int().min(0) }),
  ),
  'evaluations.remove': channel<null>()(z.strictObject({ evaluationId: id })),

  'comparisons.list': channel<ComparisonRecord[]>()(none),
  'comparisons.open': channel<ComparisonRecord>()(
    z.strictObject({
      leftEvaluationId: id,
      rightEvaluationId: id,
      rule: ruleSchema.optional(),
      pairBy: z.string().max(300).optional().describe('auto, id, content, prompt or field:NAME'),
    }),
  ),
  'comparisons.get': channel<ComparisonRecord>()(z.strictObject({ comparisonId: id })),
  'comparisons.summary': channel<ComparisonSummary>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}), place }),
  ),
  /** By what it was paired and what judged either side: shown before any number. */
  'comparisons.basis': channel<ComparisonBasis>()(z.strictObject({ comparisonId: id })),
  /** The same two evaluations by a variant that both sources have; reads a source again where it has to. */
  'comparisons.byVariant': channel<{ jobId: string }>()(
    z.strictObject({ comparisonId: id, variant: z.string().min(1).max(500) }),
  ),
  /** Kinds of change among the samples of a filter; the first time, both sides' texts are read for it. */
  'comparisons.kinds': channel<Computed<ChangeSummary>>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}) }),
  ),
  /** What the samples of a filter have in common: which answers became which, and groups of what changed alike. */
  'comparisons.flipSet': channel<Computed<FlipSet>>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}) }),
  ),
  /** What the samples of a filter have in common, in the statements that tell most; each is a filter's `where`. */
  'comparisons.statements': channel<Computed<SetStatements>>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}) }),
  ),
  /** What a judge would be sent to say what the samples of a filter have in common. */
  'comparisons.judgePlan': channel<JudgePlan>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}), judge: judgeWishSchema }),
  ),
  /** Has a judge say it: a job. An address that nobody allowed yet is refused with the consent that it needs. */
  'comparisons.judge': channel<{ jobId: string }>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}), judge: judgeWishSchema }),
  ),
  /** What a judge said before; null where none was asked about this filter. */
  'comparisons.judged': channel<JudgedStatements | null>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}) }),
  ),
  /** What a judge of pairs would be sent of a comparison, and what it would cost: nothing is sent. */
  'judging.plan': channel<Computed<PairPlan>>()(z.strictObject({ comparisonId: id, judge: pairJudgeSchema })),
  /**
   * Has it compare the answers: a job, whose result names the evaluation of its verdicts. An address that nobody allowed yet is refused with
   * the consent that it needs.
   */
  'judging.start': channel<{ jobId: string }>()(z.strictObject({ comparisonId: id, judge: pairJudgeSchema })),
  /** The rubric by which answers of the same suite were judged last. */
  'judging.rubric': channel<string | null>()(z.strictObject({ comparisonId: id })),
  /** How the workspace tells kinds, as far as it can be set. */
  'kinds.rules': channel<KindRulesView>()(none),
  'kinds.save': channel<null>()(z.strictObject({ settings: kindSettingsSchema })),
  /** What rules find in a text before they are kept. */
  'kinds.try': channel<KindTrial>()(z.strictObject({ settings: kindSettingsSchema, text: z.string().max(50_000) })),
  'comparisons.setNoiseFloor': channel<null>()(
    z.strictObject({ comparisonId: id, leftRepeat: id.nullable(), rightRepeat: id.nullable() }),
  ),
  /** Slices with excess negative flips, corrected for the search. */
  'comparisons.searchSlices': channel<Computed<SliceSearchResult>>()(z.strictObject({ comparisonId: id })),
  'comparisons.remove': channel<null>()(z.strictObject({ comparisonId: id })),

  'flips.open': channel<FlipView>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}), sort: flipSortSchema, place }),
  ),
  'flips.window': channel<FlipRow[]>()(
    z.strictObject({ viewId: id, offset: z.number().int().min(0), limit: z.number().int().min(1).max(500) }),
  ),
  'flips.position': channel<number | null>()(z.strictObject({ viewId: id, sampleKey: z.number().int() })),
  'flips.close': channel<null>()(z.strictObject({ viewId: id })),
  'flips.facets': channel<FlipFacets>()(
    z.strictObject({ comparisonId: id, filter: flipFilterSchema.default({}), place }),
  ),
  /** Ends what a list of a window still searches for (texts, slices, rows); whoever waits for it hears `cancelled`. */
  'searches.end': channel<null>()(z.strictObject({ place: id })),
  'flips.export': channel<{ jobId: string }>()(
    z.strictObject({
      comparisonId: id,
      filter: flipFilterSchema.default({}),
      sort: flipSortSchema,
      format: z.enum(['csv', 'json', 'ndjson', 'parquet']),
    }),
  ),
  /** A list's samples as a file of another tool: the text of an issue, or a task with its documents in one archive. */
  'flips.out': channel<{ jobId: string }>()(
    z.strictObject({
      comparisonId: id,
      filter: flipFilterSchema.default({}),
      sort: flipSortSchema,
      tool: z.enum(['trl', 'promptfoo', 'lm-eval', 'issue']),
    }),
  ),
  'samples.get': channel<SampleDetail>()(sampleRef),
  'samples.ledger': channel<Computed<TokenLedger[]>>()(sampleRef),
  'samples.timeline': channel<TimelineMark[]>()(z.strictObject({ sampleKey: z.number().int() })),
  'samples.training': channel<TrainingTrace[]>()(z.strictObject({ sampleKey: z.number().int() })),
  'samples.neighbours': channel<Neighbour[]>()(
    sampleRef.extend({ limit: z.number().int().min(1).max(50).default(10) }),
  ),
  'annotations.set': channel<{ undoToken: string }>()(
    z.strictObject({
      comparisonId: id,
      sampleKeys: z.array(z.number().int()).min(1).max(100_000),
      change: z.strictObject({
        label: z.number().int().min(1).max(6).nullable().optional(),
        note: z.string().max(20_000).optional(),
        leftVerdict: verdict.optional(),
        rightVerdict: verdict.optional(),
        reviewed: z.boolean().optional(),
      }),
    }),
  ),
  'annotations.undo': channel<null>()(z.strictObject({ undoToken: id })),
  'annotations.list': channel<Annotation[]>()(z.strictObject({ comparisonId: id })),
  'filters.list': channel<SavedFilter[]>()(none),
  'filters.save': channel<SavedFilter>()(z.strictObject({ name, query: z.string().max(5000) })),
  'filters.remove': channel<null>()(z.strictObject({ filterId: id })),

  'guardSets.list': channel<GuardSetRecord[]>()(none),
  'guardSets.create': channel<GuardSetRecord>()(
    z.strictObject({
      name,
      note: z.string().max(20_000).default(''),
      comparisonId: id,
      from: z.union([
        z.strictObject({ sampleKeys: z.array(z.number().int()).min(1).max(100_000) }),
        z.strictObject({ viewId: id }),
      ]),
    }),
  ),
  'guardSets.rows': channel<DatasetRow[]>()(z.strictObject({ guardSetId: id })),
  'guardSets.remove': channel<null>()(z.strictObject({ guardSetId: id })),
  'guardSets.ledger': channel<Computed<MitigationLedger[]>>()(z.strictObject({ guardSetId: id, runId: id })),

  /** Of a run, or of what was done last. */
  'findings.get': channel<Computed<Findings | null>>()(z.strictObject({ runId: id.optional() })),
  'matrix.get': channel<Matrix>()(none),
  'frontier.get': channel<Computed<FrontierPoint[]>>()(
    z.strictObject({ suiteName: z.string().min(1), baseEvaluationId: id.optional() }),
  ),

  'reports.list': channel<ReportRecord[]>()(none),
  'reports.create': channel<{ jobId: string }>()(
    z.strictObject({
      subject: z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('comparison'), comparisonId: id }),
        z.strictObject({ kind: z.literal('run'), runId: id }),
        z.strictObject({ kind: z.literal('runs'), runIds: z.array(id).min(1).max(100) }),
      ]),
      title: name.optional(),
      format: reportFormat,
      sections: z.array(z.string().max(40)).optional(),
      correction: z.enum(corrections).optional(),
      redact: z.strictObject({ texts: z.boolean().default(false), privateTags: texts.default([]) }).prefault({}),
    }),
  ),
  /** Electron opens it with the system; the web shell returns a path to download. */
  'reports.open': channel<{ download: string | null }>()(z.strictObject({ reportId: id })),
  /** Shows the file in its folder, in the desktop application. */
  'reports.show': channel<null>()(z.strictObject({ reportId: id })),
  /** Opens a report again, read-only: one that was written here, or a colleague's file. */
  'reports.read': channel<OpenedReport>()(
    z.strictObject({ from: z.union([z.strictObject({ reportId: id }), z.strictObject({ handle })]) }),
  ),
  'things.marks': channel<ThingMarks[]>()(none),
  'things.mark': channel<null>()(
    z.strictObject({
      kind: thingKindSchema,
      id,
      note: z.string().max(20_000).optional(),
      tags: z.array(z.string().trim().min(1).max(60)).max(50).optional(),
      archived: z.boolean().optional(),
    }),
  ),
  'things.rename': channel<null>()(z.strictObject({ kind: thingKindSchema, id, name })),
  'things.dependants': channel<Dependants>()(z.strictObject({ kind: thingKindSchema, id })),
  /** Deletes after ten seconds, in which `things.keep` with the token takes it back. */
  'things.delete': channel<{ token: string }>()(z.strictObject({ kind: thingKindSchema, id })),
  'things.keep': channel<null>()(z.strictObject({ token: id })),
  'demo.start': channel<{ jobId: string }>()(z.strictObject({ quick: z.boolean() })),
} as const;

export type Channels = typeof channels;
export type ChannelName = keyof Channels;
export type Input<N extends ChannelName> = InputOf<Channels[N]>;
export type ParsedInput<N extends ChannelName> = ParsedInputOf<Channels[N]>;
export type Output<N extends ChannelName> = OutputOf<Channels[N]>;
/** Channels that work something out, and what that is. */
export type ComputedName = { [N in ChannelName]: Output<N> extends Computed<unknown> ? N : never }[ChannelName];
export type Value<N extends ComputedName> = Output<N> extends Computed<infer T> ? T : never;
