import { z } from 'zod';
import { benchmarkMeasureSchema } from './benchmark.ts';
import { errorCodes } from './errors.ts';
import { suiteKinds } from './evaluations.ts';
import type { SampleMetricName, SampleTableName, StepMetricName } from './metrics.ts';
import { answerPartSchema } from './serving.ts';
import { sampleMetricNames, stepMetricNames } from './metrics.ts';

/**
 * What a trainer says, as a schema: the host checks every message with it, and so does whoever reads `events.ndjson`. The types are
 * derived from it. A field that is not here is refused, so that nothing is lost on the way in silence.
 */

/** A number as a trainer has it: JSON writes one that is not finite as null. */
const figure = z.custom<number>((value) => typeof value === 'number' || value === null, 'is not a number');
const count = z.number().int().min(0);
const text = z.string();

function stepMetricsSchema() {
  const shape = Object.fromEntries(stepMetricNames.map((name) => [name, figure.exactOptional()]));
  return z.strictObject(shape as Record<StepMetricName, z.ZodExactOptional<typeof figure>>);
}

function tableSchema<Table extends SampleTableName>(table: Table) {
  const column = z.array(figure);
  const shape = Object.fromEntries(sampleMetricNames(table).map((name) => [name, column.exactOptional()]));
  return z
    .strictObject({
      sampleIds: z.array(text),
      metrics: z.strictObject(shape as Record<SampleMetricName<Table>, z.ZodExactOptional<typeof column>>),
      /** Columns of another trainer, under its own names. */
      others: z.record(text, column).exactOptional(),
      /** The samples’ prompts, where no dataset of the workspace has them: they are found again by these. */
      prompts: z.array(text).exactOptional(),
    })
    .refine(
      // All of its fields are columns; the generic type does not say so.
      ({ sampleIds, metrics, others = {}, prompts }) =>
        [...Object.values(metrics as Record<string, number[]>), ...Object.values(others)].every(
          (values) => values.length === sampleIds.length,
        ) &&
        (prompts === undefined || prompts.length === sampleIds.length),
      'has columns of another length than its ids',
    );
}

const decoding = z.strictObject({
  temperature: z.number(),
  topP: z.number().exactOptional(),
  topK: z.number().exactOptional(),
  maxNewTokens: z.number(),
  stop: z.array(text).exactOptional(),
  seed: z.number(),
});
/** Where an evaluation is in a run; step 0 is before training. */
const mark = z.strictObject({
  suiteId: text,
  suiteName: text,
  /** For whoever does not have the suite: what its samples ask. */
  suiteKind: z.enum(suiteKinds).exactOptional(),
  step: count,
});
const result = z.strictObject({
  sampleId: text,
  prompt: text,
  target: text.exactOptional(),
  output: text.nullable(),
  score: figure.nullable(),
  verdict: z.enum(['right', 'wrong', 'tie']).nullable(),
  slices: z.array(text).exactOptional(),
  tags: z.array(text).exactOptional(),
  resultTags: z.array(text).exactOptional(),
  metrics: z.record(text, figure).exactOptional(),
  cluster: text.exactOptional(),
  fields: z.record(text, text).exactOptional(),
  attempts: z
    .array(
      z.strictObject({
        number: count,
        output: text.nullable(),
        score: figure.nullable(),
        verdict: z.enum(['right', 'wrong', 'tie']).nullable(),
      }),
    )
    .exactOptional(),
});
/** `score` where it was rated or rewarded; `rewards` as another trainer names them, which does not count tokens. */
const output = z.strictObject({
  text,
  tokens: count.exactOptional(),
  score: figure.exactOptional(),
  rewards: z.record(text, figure).exactOptional(),
});
const backend = z.strictObject({
  /** tensorflow-cuda | tensorflow-cpu | webgpu | wasm | cpu */
  name: text,
  device: text,
  versions: z.record(text, text),
  /** A sentence when the backend is far slower than a native one. */
  warning: text.exactOptional(),
});
const checkpoint = z.strictObject({
  step: count,
  /** Relative to the run folder; absolute where another program trained the run and keeps its weights. */
  path: text,
  kind: z.enum(['full', 'adapter']),
  /** File name to SHA-256, of the weights. */
  sha256: z.record(text, text),
  sizeBytes: count,
});
const estimate = z.strictObject({
  memoryBytes: z.number(),
  secondsPerStep: z.number(),
  steps: z.number(),
  /** How it was obtained, in a sentence. */
  basis: text,
});
const ledger = z.strictObject({
  part: z.enum(['output', 'target', 'chosen', 'rejected', 'left-output', 'right-output']),
  tokens: z.array(text),
  leftLogProbs: z.array(figure),
  rightLogProbs: z.array(figure),
});
const error = z.strictObject({
  code: z.enum(errorCodes),
  message: text,
  remedy: text.exactOptional(),
  place: z
    .strictObject({ file: text.exactOptional(), line: z.number().exactOptional(), field: text.exactOptional() })
    .exactOptional(),
});

/** In a run the events are also the lines of `events.ndjson`: `seq` counts from 1, `at` is ms since epoch. */
function event<Type extends string, Shape extends z.ZodRawShape>(type: Type, meaning: string, shape: Shape) {
  return z.strictObject({ type: z.literal(type), seq: count, at: z.number(), ...shape }).describe(meaning);
}

export const trainerEventSchema = z.discriminatedUnion('type', [
  event('started', 'the model is loaded and training begins or continues', {
    backend,
    totalSteps: count,
    resumedAtStep: count.nullable(),
    parameters: count,
    trainable: count,
    /** SHA-256 of the files of rows as this start read them; absent where nothing is trained. */
    inputs: z.strictObject({ trainRows: text, guardRows: text.exactOptional() }).exactOptional(),
  }),
  event('progress', 'how far a phase other than training is', {
    phase: text,
    done: z.number(),
    total: z.number(),
    etaMs: z.number().nullable(),
    /** What is counted, where that is no samples. */
    unit: z.literal('bytes').exactOptional(),
  }),
  event('step', 'one optimiser step: its numbers, and the same sample by sample', {
    step: count,
    epoch: z.number(),
    metrics: stepMetricsSchema(),
    /** Numbers of another trainer, under its own names. */
    others: z.record(text, figure).exactOptional(),
    tables: z.strictObject({
      trained: tableSchema('trained').exactOptional(),
      guarded: tableSchema('guarded').exactOptional(),
    }),
    /** What the policy answered to each prompt of the step, where it is trained on its own answers. */
    answers: z.array(z.strictObject({ sampleId: text, prompt: text, outputs: z.array(output) })).exactOptional(),
  }),
  event('evaluation-started', 'a suite begins', { mark, items: count }),
  event('evaluation-batch', 'results of some samples of a suite', { mark, results: z.array(result) }),
  event('evaluation-done', 'a suite is over', {
    mark,
    samples: count,
    decoding: decoding.nullable(),
    summary: z.record(text, figure),
    /** Where a server answered: what it calls its configuration, and what could not be controlled. */
    server: z.strictObject({ fingerprint: text.nullable(), uncontrolled: z.array(text) }).exactOptional(),
  }),
  event('checkpoint', 'weights were written', { checkpoint }),
  event('ledger', 'log-probs token by token under two models', { ledgers: z.array(ledger) }),
  event('samples', 'continuations of one prompt', {
    promptId: text,
    /** Of a run: at which step, and the prompt itself. */
    step: count.exactOptional(),
    prompt: text.exactOptional(),
    outputs: z.array(output),
  }),
  event('row-scores', 'a score of rows, where a job was asked for one', {
    rowIds: z.array(text),
    values: z.array(figure),
    /** The same per token, where the score is a sum over them. */
    perToken: z.array(figure).optional(),
    /** Ids of what each row was held against and is nearest to, where that is a question. */
    nearest: z.array(text.nullable()).exactOptional(),
  }),
  event('estimate', 'what a run would take', { estimate }),
  event('benchmark', 'what a benchmark measured', { measure: benchmarkMeasureSchema }),
  event('answer', 'a part of an answer to a question, of a model that is served', {
    id: count,
    part: answerPartSchema,
  }),
  event('log', 'a sentence for the person who watches', { level: z.enum(['info', 'warning']), message: text }),
  event('paused', 'training waits', { step: count }),
  event('resumed', 'training continues', { step: count }),
  event('finished', 'the run is over as it should be', { outcome: z.enum(['completed', 'stopped']), step: count }),
  event('failed', 'the run is over by an error', {
    error,
    step: count.nullable(),
    sampleIds: z.array(text).exactOptional(),
    lastCheckpointStep: count.exactOptional(),
  }),
]);

type WithoutNumber<Event> = Event extends unknown ? Omit<Event, 'seq' | 'at'> : never;
export type TrainerEvent = z.output<typeof trainerEventSchema>;
/** An event before it has its number and its time. */
export type TrainerEventBody = WithoutNumber<TrainerEvent>;
export type StepEvent = Extract<TrainerEvent, { type: 'step' }>;
export type EvaluationMark = z.output<typeof mark>;
export type BackendInfo = z.output<typeof backend>;
export type CheckpointInfo = z.output<typeof checkpoint>;
export type Estimate = z.output<typeof estimate>;
/** A prompt of a step with what the policy answered. */
export type StepAnswers = NonNullable<StepEvent['answers']>[number];
/** One continuation. */
export type SampledOutput = Extract<TrainerEvent, { type: 'samples' }>['outputs'][number];

/**
 * An event as windows get it: what grows with the samples stays in the store, which is asked for it sample by sample. Null where
 * nothing is left to show.
 */
export type ShownEvent =
  Exclude<TrainerEvent, { type: 'step' | 'evaluation-batch' }> | Omit<StepEvent, 'tables' | 'answers'>;

export function shownEvent(event: TrainerEvent): ShownEvent | null {
  if (event.type === 'evaluation-batch') return null;
  if (event.type !== 'step') return event;
  const { tables: _tables, answers: _answers, ...shown } = event;
  return shown;
}

/**
 * One event: from a report, or a line of `events.ndjson` after `JSON.parse`. Null and the reason where it is none. Steps that
 * were written when samples still lay in two fields are read as well.
 */
export function readTrainerEvent(value: unknown): { event: TrainerEvent } | { fault: string } {
  const parsed = trainerEventSchema.safeParse(withTables(value));
  if (parsed.success) return { event: parsed.data };
  const [issue] = parsed.error.issues;
  const field = issue?.path.map(String).join('.') ?? '';
  return { fault: `${field === '' ? 'event' : field}: ${issue?.message ?? 'does not fit'}` };
}

function withTables(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('samples' in value) || !('type' in value)) return value;
  if (value.type !== 'step') return value;
  const { samples, guardSamples, ...event } = value as Record<string, unknown>;
  return { ...event, tables: { trained: samples, ...(guardSamples === undefined ? {} : { guarded: guardSamples }) } };
}
