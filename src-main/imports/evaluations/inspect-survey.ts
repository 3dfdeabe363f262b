import { own } from '../field-path.ts';
import { type ArchiveEntry, readArchive } from '../records/archive.ts';
import { parseJson } from '../records/parse-json.ts';
import { readRecords } from '../records/read-records.ts';
import type { Layout, RawRecord } from '../records/record.ts';
import type { ReadSession } from '../session.ts';
import type { SourceFile } from '../sources/files.ts';
import { nothing } from '../values.ts';
import { flatScores, isLetter, legacyScores, numberOf } from './inspect-scores.ts';

/** What all samples of a log say of one score. */
interface ScoreTally {
  hasFraction: boolean;
  /** Letters of Inspect's that were met. */
  letters: Set<string>;
  /** A single letter that is none of them, and any other text. */
  hasOtherLetter: boolean;
  hasOtherText: boolean;
}

/** Names of scores that are remembered: a scorer that names its values differently in each sample has no end of them. */
const mostScores = 100;

/** The scores of a log, all read before any sample becomes a row: what can be a verdict is decided by all of them. */
export class InspectSurvey {
  readonly #tallies = new Map<string, ScoreTally>();

  get names(): string[] {
    return [...this.#tallies.keys()];
  }

  add(scores: unknown): void {
    const flat = flatScores(scores);
    for (const name of Object.keys(flat)) {
      let tally = this.#tallies.get(name);
      if (tally === undefined) {
        if (this.#tallies.size >= mostScores) continue;
        tally = { hasFraction: false, letters: new Set(), hasOtherLetter: false, hasOtherText: false };
        this.#tallies.set(name, tally);
      }
      addTo(tally, flat[name]);
    }
  }

  /** Whether C, I, P and N say how right an answer was. They do not where they are options or names among others. */
  lettersJudge(name: string): boolean {
    const tally = this.#tallies.get(name);
    if (tally === undefined) return true;
    return !tally.hasOtherLetter && (tally.letters.has('I') || !tally.hasOtherText);
  }

  /** Whether 1 and 0 say right and wrong: a score that has fractions as well says how good an answer is. */
  numbersJudge(name: string): boolean {
    return this.#tallies.get(name)?.hasFraction !== true;
  }
}

function addTo(tally: ScoreTally, value: unknown): void {
  const text = typeof value === 'string' ? value.trim() : value;
  const number = typeof text === 'string' ? numberOf(text) : text;
  if (typeof number === 'number') tally.hasFraction ||= Number.isFinite(number) && number !== 0 && number !== 1;
  else if (isLetter(text)) tally.letters.add(text);
  else if (typeof text === 'string' && /^\p{L}$/u.test(text)) tally.hasOtherLetter = true;
  else if (typeof text === 'string' && !nothing.has(text.toLowerCase())) tally.hasOtherText = true;
}

/** Reads a log's scores to their end; gives an empty batch now and then, so that whoever watches sees it come forward. */
export async function* surveyInspect(
  file: SourceFile,
  layout: Layout | null,
  session: ReadSession,
): AsyncGenerator<RawRecord[], InspectSurvey> {
  // Bytes and hashes are counted when the samples are read.
  const scratch = session.scratch();
  const survey = new InspectSurvey();
  if (layout === null) {
    await surveyArchive(file, scratch, survey);
    yield [];
    return survey;
  }
  for await (const batch of readRecords(file.path, file.name, layout, scratch)) {
    for (const record of batch) if ('value' in record) addSample(survey, record.value);
    yield [];
  }
  return survey;
}

/** An archive repeats the scores of all samples in one small entry; where it does not, its samples are read for them. */
async function surveyArchive(file: SourceFile, session: ReadSession, survey: InspectSurvey): Promise<void> {
  let samples = 0;
  let summaries: unknown = null;
  for await (const entry of readArchive(file.path, file.name, session)) {
    if (/^samples\/.+\.json$/.test(entry.name)) samples += 1;
    else if (entry.name === 'summaries.json') summaries = await valueOf(entry);
  }
  if (Array.isArray(summaries) && summaries.length >= samples) {
    for (const summary of summaries as unknown[]) addSample(survey, summary);
    return;
  }
  for await (const entry of readArchive(file.path, file.name, session)) {
    if (/^samples\/.+\.json$/.test(entry.name)) addSample(survey, await valueOf(entry));
  }
}

/** Null for what cannot be read: it is told when the samples are. */
async function valueOf({ problem, read }: ArchiveEntry): Promise<unknown> {
  if (problem !== null) return null;
  try {
    return parseJson((await read()).toString('utf8'));
  } catch {
    return null;
  }
}

function addSample(survey: InspectSurvey, sample: unknown): void {
  survey.add(own(sample, 'scores') ?? legacyScores(own(sample, 'score')));
}
