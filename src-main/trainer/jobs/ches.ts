import { chesOf } from '../../engine/data/ches.ts';
import { tokenisePreferences } from '../../engine/data/tokenise.ts';
import type { DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import type { ChesJob } from '../../shared/domain/jobs.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';
import { openTokenizer } from '../patterns.ts';

/** Scores told at once. */
const batchScores = 2000;

/** CHES of every pair of a file, under one model. Rows that the length limit leaves nothing of have none. */
export async function runChesJob(job: ChesJob, context: JobContext): Promise<void> {
  const reader = openFolder(job.modelPath);
  const tokenizer = await openTokenizer(reader);
  const model = await loadWeights(job.modelPath, context);
  const rows = (await readJsonLines<DatasetRow>(job.rowsPath)).filter(
    (row): row is PreferenceRow => row.kind === 'preference',
  );
  const { samples } = tokenisePreferences(rows, tokenizer, Math.min(job.maxLength, model.config.maxPositions));
  const told = progressOf(context, 'hidden states of pairs');
  const scores = await chesOf(model, samples, { ops: context.ops, onProgress: told });
  model.dispose();
  for (let start = 0; start < samples.length; start += batchScores) {
    const part = samples.slice(start, start + batchScores);
    await context.emit({
      type: 'row-scores',
      rowIds: part.map(({ id }) => id),
      values: [...scores.subarray(start, start + part.length)],
    });
  }
}
