import { gradientProducts } from '../../engine/data/gradient-products.ts';
import { tokeniseCompletions, tokenisePreferences } from '../../engine/data/tokenise.ts';
import type { CompletionRow, DatasetRow, PreferenceRow } from '../../shared/domain/datasets.ts';
import type { GradientProductsJob } from '../../shared/domain/jobs.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';
import { openTokenizer } from '../patterns.ts';

/** Scores told at once. */
const batchScores = 2000;

/** How far a step on each pair of a file would lower what flipped, to first order; with each the flip it lowers most. */
export async function runGradientProductsJob(job: GradientProductsJob, context: JobContext): Promise<void> {
  const reader = openFolder(job.modelPath);
  const tokenizer = await openTokenizer(reader);
  const model = await loadWeights(job.modelPath, context, { trainable: true });
  const maxLength = Math.min(job.maxLength, model.config.maxPositions);
  const pairs = (await readJsonLines<DatasetRow>(job.rowsPath)).filter(
    (row): row is PreferenceRow => row.kind === 'preference',
  );
  const { samples } = tokenisePreferences(pairs, tokenizer, maxLength);
  const wanted = await readJsonLines<CompletionRow>(job.flipsPath);
  const flips = tokeniseCompletions(wanted, tokenizer, { maxLength, completionOnly: true }).samples;
  const found = await gradientProducts(
    model,
    samples,
    flips.map(({ sequence }) => sequence),
    { onProgress: progressOf(context, 'gradients of pairs') },
  );
  model.dispose();
  for (let start = 0; start < samples.length; start += batchScores) {
    const part = found.slice(start, start + batchScores);
    await context.emit({
      type: 'row-scores',
      rowIds: samples.slice(start, start + part.length).map(({ id }) => id),
      values: part.map(({ value }) => value),
      nearest: part.map(({ flip }) => flips[flip]?.id ?? null),
    });
  }
}
