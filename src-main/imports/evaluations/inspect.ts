import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { DecodingSettings, SampleResult } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { own } from '../field-path.ts';
import type { Description, ImportPlan, Mapped } from '../import-stream.ts';
import { readArchive } from '../records/archive.ts';
import { parseRecord, parseJson } from '../records/parse-json.ts';
import { readRecords } from '../records/read-records.ts';
import { type Layout, problemRecord, type RawRecord, type RecordBatches } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import type { Place } from '../types.ts';
import { readInspectSample } from './inspect-sample.ts';
import { addFinish } from './finish.ts';
import { newMetrics } from './metrics.ts';
import { applyScores, flatScores, legacyScores, readScorers, type ScorerInfo } from './inspect-scores.ts';
import { InspectSurvey, surveyInspect } from './inspect-survey.ts';
import { overlay, resultPlan } from './mapped.ts';

/** An Inspect AI log: a `.eval` archive (`layout` null) or a `.json` document. An archive's header is read beforehand. */
export function planInspect(
  file: SourceFile,
  layout: Layout | null,
  archiveHeader: unknown,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  const log = new InspectLog(archiveHeader, variant);
  return {
    ...resultPlan(mapping),
    format: 'inspect',
    totalBytes: file.bytes,
    records: (session) => readLog(file, layout, session, log),
    mapRecord: (record): Mapped<SampleResult> => {
      const mapped = log.map(record);
      return { ...mapped, id: overlay(mapped.row, record, mapping, mapped.id) };
    },
    describe: () => log.describe(),
  };
}

/** The scores first: what all of them say is needed to read one of them. */
async function* readLog(file: SourceFile, layout: Layout | null, session: ReadSession, log: InspectLog): RecordBatches {
  log.survey = yield* surveyInspect(file, layout, session);
  if (layout === null) yield* readSamples(file, session);
  else
    yield* readRecords(file.path, file.name, layout, session, (whole) => {
      log.header = whole ?? log.header;
    });
}

/** `samples/**.json` of the archive (an id may be a path), one record each, in the order of its directory. */
async function* readSamples(file: SourceFile, session: ReadSession): RecordBatches {
  await session.hashFile(file.path, file.name);
  let ordinal = 0;
  for await (const entry of readArchive(file.path, file.name, session)) {
    const isSample = /^samples\/.+\.json$/.test(entry.name);
    if (!isSample && entry.problem?.reason !== 'unsafe-name') continue;
    ordinal += 1;
    const place = { file: file.name, line: ordinal };
    if (entry.problem !== null) yield [{ ...place, problem: entry.problem }];
    else yield [await readSample(entry.read, entry.name, place, session)];
    session.count(entry.bytes);
  }
}

async function readSample(
  read: () => Promise<Buffer>,
  name: string,
  place: Place,
  session: ReadSession,
): Promise<RawRecord> {
  try {
    return parseRecord(await read(), place, session.limits);
  } catch (error) {
    session.checkCancelled();
    const detail = error instanceof Error ? error.message : String(error);
    return problemRecord(place, 'unreadable-entry', `The archive entry “${name}” cannot be read: ${detail}.`);
  }
}

/** The header of an archive: `header.json`, or what was written at the start when the run did not finish. */
export async function readArchiveHeader(file: SourceFile, session: ReadSession): Promise<unknown> {
  let start: unknown = null;
  for await (const entry of readArchive(file.path, file.name, session)) {
    if (entry.name !== 'header.json' && !entry.name.endsWith('start.json')) continue;
    if (entry.problem !== null) continue;
    const value = await readHeaderEntry(entry.read, entry.name, file, session);
    if (entry.name === 'header.json') return value;
    start ??= value;
  }
  return start;
}

async function readHeaderEntry(
  read: () => Promise<Buffer>,
  name: string,
  file: SourceFile,
  session: ReadSession,
): Promise<unknown> {
  try {
    return parseJson((await read()).toString('utf8'));
  } catch (cause) {
    session.checkCancelled();
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new WorkbenchError('bad-input', `${file.name} is damaged: its “${name}” cannot be read (${detail}).`, {
      remedy: 'Copy the log again, or rewrite it with: inspect log convert.',
      place: { file: file.name },
      cause,
    });
  }
}

class InspectLog {
  header: unknown;
  survey = new InspectSurvey();
  readonly #variant: string | undefined;
  #scorers: ScorerInfo[] | null = null;
  #scorer: string | null = null;
  #failed = 0;
  #invalidated = 0;
  #epochs = 1;

  constructor(header: unknown, variant: string | undefined) {
    this.header = header;
    this.#variant = variant;
  }

  map(record: unknown): { row: SampleResult; id: string; attempt?: number } {
    const sample = readInspectSample(record);
    const scores = flatScores(own(record, 'scores') ?? legacyScores(own(record, 'score')));
    const scorers = (this.#scorers ??= readScorers(this.header));
    this.#scorer ??= this.#choose(scorers, this.survey.names);
    const row: SampleResult = {
      sampleId: '',
      prompt: sample.prompt,
      output: sample.output,
      score: null,
      verdict: null,
    };
    if (sample.target !== undefined) row.target = sample.target;
    const task = this.#task();
    if (task !== null) row.slices = [task];
    applyScores(row, scores, this.#scorer, scorers, this.survey);
    if (sample.invalidated) {
      this.#invalidated += 1;
      row.verdict = null;
      row.score = null;
    }
    if (sample.failed) {
      this.#failed += 1;
      row.resultTags = ['error'];
      row.verdict = null;
      row.score = null;
    }
    addFinish(row, sample.finish);
    if (sample.options !== null) (row.metrics ??= newMetrics())['options'] = sample.options;
    const { epoch, sampleId: id } = sample;
    if (!this.#hasEpochs && epoch === 1) return { row, id };
    this.#epochs = Math.max(this.#epochs, epoch);
    row.attempts = [{ number: epoch, output: row.output, score: row.score, verdict: row.verdict }];
    return { row, id, attempt: epoch };
  }

  /** By the header's order of scorers, over all that samples were scored by. */
  #choose(scorers: readonly ScorerInfo[], given: readonly string[]): string | null {
    if (this.#variant !== undefined) return this.#variant;
    const declared = scorers.find(
      ({ name }) => given.includes(name) || given.some((own) => own.startsWith(`${name}.`)),
    );
    if (declared === undefined) return given[0] ?? null;
    return (
      given.find((name) => name === declared.name) ?? given.find((name) => name.startsWith(`${declared.name}.`)) ?? null
    );
  }

  get #hasEpochs(): boolean {
    return Number(own(own(own(this.header, 'eval'), 'config'), 'epochs') ?? 1) > 1;
  }

  describe(): Partial<Description> {
    const evaluation = own(this.header, 'eval');
    const task = this.#task();
    const model = own(evaluation, 'model');
    const version = own(own(evaluation, 'packages'), 'inspect_ai');
    const status = own(this.header, 'status');
    const notes =
      status === 'success' || typeof status !== 'string'
        ? []
        : [`The log's status is “${status}”: samples may be missing.`];
    const results = own(this.header, 'results');
    const [total, completed] = [own(results, 'total_samples'), own(results, 'completed_samples')];
    if (typeof total === 'number' && typeof completed === 'number' && completed < total)
      notes.push(`The log has ${completed} of ${total} samples completed.`);
    if (this.#invalidated > 0)
      notes.push(`Samples marked as invalid in the log, which have no verdict: ${this.#invalidated}.`);
    if (this.#failed === 1) notes.push('1 sample ended in an error and is tagged so.');
    if (this.#failed > 1) notes.push(`${this.#failed} samples ended in an error and are tagged so.`);
    const scorer = this.#scorer;
    if (scorer !== null && !(this.survey.lettersJudge(scorer) && this.survey.numbersJudge(scorer))) {
      notes.push(this.#verdictFrom(scorer));
    }
    return {
      tool: { name: 'inspect_ai', version: typeof version === 'string' ? version : null },
      tasks: task === null ? [] : [task],
      models: typeof model === 'string' ? [model] : [],
      decoding: decodingOf(this.header),
      verdictFrom: this.#scorer === null ? null : this.#verdictFrom(this.#scorer),
      scoreMeaning:
        this.#scorer === null ? null : `Value of scorer ${this.#scorer}; letters count 1 (C), 0.5 (P), 0 (I, N).`,
      variant: this.#scorer,
      variants: this.survey.names,
      measure: {
        scorer: this.#scorer,
        repeats: this.#epochs,
        status: typeof status === 'string' && status !== 'success' ? status : null,
        taskVersion: versionOf(own(evaluation, 'task_version')),
      },
      notes,
    };
  }

  #verdictFrom(scorer: string): string {
    if (!this.survey.lettersJudge(scorer))
      return `Scorer ${scorer} names options: it says of no answer that it was right.`;
    if (!this.survey.numbersJudge(scorer))
      return `Scorer ${scorer} gives fractions: they are scores, and 1 and 0 no verdicts.`;
    return `Scorer ${scorer}: C is right, I and N are wrong, P counts as a tie.`;
  }

  #task(): string | null {
    const task = own(own(this.header, 'eval'), 'task');
    return typeof task === 'string' && task !== '' ? task : null;
  }
}

function versionOf(value: unknown): string | null {
  return (typeof value === 'number' && value !== 0) || (typeof value === 'string' && value !== '0')
    ? String(value)
    : null;
}

/** What the log says of generation; a setting given for the run wins over the plan's. */
function decodingOf(header: unknown): Partial<DecodingSettings> | null {
  const settings = [own(own(header, 'plan'), 'config'), own(own(header, 'eval'), 'model_generate_config')];
  const number = (name: string): number | undefined =>
    settings.map((config) => own(config, name)).findLast((value): value is number => typeof value === 'number');
  const decoding: Partial<DecodingSettings> = {};
  const temperature = number('temperature');
  const topP = number('top_p');
  const topK = number('top_k');
  const maxNewTokens = number('max_tokens');
  const seed = number('seed');
  if (temperature !== undefined) decoding.temperature = temperature;
  if (topP !== undefined) decoding.topP = topP;
  if (topK !== undefined) decoding.topK = topK;
  if (maxNewTokens !== undefined) decoding.maxNewTokens = maxNewTokens;
  if (seed !== undefined) decoding.seed = seed;
  return Object.keys(decoding).length === 0 ? null : decoding;
}

/** Whether a JSON document's outer keys are an Inspect log's. */
export function isInspectHeader(header: unknown): boolean {
  return typeof own(own(header, 'eval'), 'task') === 'string';
}
