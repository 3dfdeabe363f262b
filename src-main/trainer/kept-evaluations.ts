import { createHash, hash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import type { SampleResult } from '../shared/domain/evaluations.ts';
import type { SuiteFile } from '../shared/domain/jobs.ts';
import type { TrainerEventBody } from '../shared/domain/trainer-events.ts';
import { hashFile } from '../system/file-sums.ts';
import { writeWhole } from '../system/whole-file.ts';
import { makeFolder } from '../system/folders.ts';

/** What an evaluation says, by what it depends on: runs that begin with the same weights measure them once. */
export interface KeptEvaluations {
  /** Undefined where it is not known, or not to be known: judges, programs and references say something of their own each time. */
  get(suite: SuiteFile): Promise<TrainerEventBody[] | undefined>;
  put(suite: SuiteFile, events: readonly TrainerEventBody[]): Promise<void>;
}

/** `depends` names the weights and how they are computed with. A damaged file is as good as none. */
export function openKeptEvaluations(folder: string, depends: () => Promise<string>): KeptEvaluations {
  const fileOf = async (suite: SuiteFile): Promise<string> => {
    const { itemsPath, ...spec } = suite;
    const key = JSON.stringify([await depends(), await hashFile(itemsPath), spec]);
    return path.join(folder, `${hash('sha256', key, 'hex')}.json`);
  };
  return {
    async get(suite) {
      if (!dependsOnWeightsAlone(suite)) return undefined;
      const text = await fs.readFile(await fileOf(suite), 'utf8').catch(() => '');
      const end = text.indexOf('\n');
      const [sum, events] = [text.slice(0, Math.max(0, end)), text.slice(end + 1)];
      return end > 0 && sumOf(events) === sum ? (JSON.parse(events) as TrainerEventBody[]) : undefined;
    },
    async put(suite, events) {
      if (!dependsOnWeightsAlone(suite) || charactersOf(events) > mostCharacters) return;
      let exact = true;
      const text = JSON.stringify(events, (_name, value: unknown) => {
        exact &&= typeof value !== 'number' || Number.isFinite(value);
        return value;
      });
      // JSON has no NaN: such results are made again.
      if (!exact) return;
      await makeFolder(folder);
      await writeWhole(await fileOf(suite), `${sumOf(text)}\n${text}`);
    },
  };
}

/** Texts of so many characters in all are written as one. */
const mostCharacters = 2 ** 26;

function charactersOf(events: readonly TrainerEventBody[]): number {
  const results = events.flatMap((event) => (event.type === 'evaluation-batch' ? event.results : []));
  return results.reduce((sum, result) => sum + charactersIn(result), 0);
}

function charactersIn({ prompt, target, output, attempts = [] }: SampleResult): number {
  const texts = [prompt, target, output, ...attempts.map((attempt) => attempt.output)];
  return texts.reduce((sum, text) => sum + (text?.length ?? 0), 0);
}

function dependsOnWeightsAlone({ kind, scorer }: SuiteFile): boolean {
  if (kind === 'pairs') return false;
  return scorer === undefined || !['judge', 'command', 'reward-model'].includes(scorer.kind);
}

function sumOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
