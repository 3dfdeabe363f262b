import { tokenisePreferences } from '../../engine/data/tokenise.ts';
import type { DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import type { MarginsJob } from '../../shared/domain/jobs.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import type { JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';
import { openNumberCache } from '../number-cache.ts';
import { openTokenizer } from '../patterns.ts';
import { Reference } from './reference.ts';

/** Scores told at once. */
const batchScores = 2000;

/**
 * How much a reference model prefers the rejected response of every pair of a file: log-prob of rejected − of chosen, in nats, summed
 * and per token. They are the log-probs of a run on the same rows, from its cache where there is one. Rows that the length limit leaves
 * nothing of have none.
 */
export async function runMarginsJob(job: MarginsJob, context: JobContext): Promise<void> {
  const tokenizer = await openTokenizer(openFolder(job.modelPath));
  const rows = (await readJsonLines<DatasetRow>(job.rowsPath)).filter(
    (row): row is PreferenceRow => row.kind === 'preference',
  );
  const { samples } = tokenisePreferences(rows, tokenizer, job.maxLength);
  const reference = new Reference(job.modelPath, openNumberCache(job.cacheFolder), context);
  // In the order in which a run asks for them: the cache knows the list as a whole.
  const both = [...samples.map(({ chosen }) => chosen), ...samples.map(({ rejected }) => rejected)];
  const scores = await reference.scores(both, 'reference log-probs');
  reference.dispose();
  const tokens = both.map(({ ids, from }) => Math.max(1, ids.length - from));
  const at = (i: number) => ({ sum: scores[i] ?? Number.NaN, mean: (scores[i] ?? Number.NaN) / (tokens[i] ?? 1) });
  for (let start = 0; start < samples.length; start += batchScores) {
    const part = samples.slice(start, start + batchScores);
    const pairs = part.map((_, i) => ({ chosen: at(start + i), rejected: at(samples.length + start + i) }));
    await context.emit({
      type: 'row-scores',
      rowIds: part.map(({ id }) => id),
      values: pairs.map(({ chosen, rejected }) => difference(rejected.sum, chosen.sum)),
      perToken: pairs.map(({ chosen, rejected }) => difference(rejected.mean, chosen.mean)),
    });
  }
}

/** Relative to the log-probs: the same text in another batch differs by less. */
const rounding = 1e-4;

/** Two responses that single precision does not tell apart are equal. */
function difference(a: number, b: number): number {
  return Math.abs(a - b) <= rounding * Math.max(Math.abs(a), Math.abs(b)) ? 0 : a - b;
}
