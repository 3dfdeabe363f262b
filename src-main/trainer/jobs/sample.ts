import { lexiconScore } from '../../engine/evaluate/lexicon.ts';
import { generate } from '../../engine/decode/generate.ts';
import { openTokenizer } from '../patterns.ts';
import type { SampleJob } from '../../shared/domain/jobs.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { loadWeights } from '../loading.ts';
import { openFolder } from '../node-folders.ts';

/** Continuations decoded together, over all prompts of a stretch. */
const rowsPerStretch = 64;

/** Several continuations of every prompt. Each stretch of prompts has its own seed, so that the whole is repeatable. */
export async function runSampleJob(job: SampleJob, context: JobContext): Promise<void> {
  const reader = openFolder(job.modelPath);
  const tokenizer = await openTokenizer(reader);
  const model = await loadWeights(job.modelPath, context);
  const told = progressOf(context, 'sampling');
  const lexicon = job.lexicon === undefined ? null : context.lexicon();
  const perStretch = Math.max(1, Math.floor(rowsPerStretch / job.samplesPerPrompt));
  for (let start = 0; start < job.prompts.length; start += perStretch) {
    await told(start, job.prompts.length);
    const prompts = job.prompts.slice(start, start + perStretch);
    const rows = prompts.flatMap(({ prompt }) => {
      const ids = tokenizer.encode(prompt);
      return Array.from({ length: job.samplesPerPrompt }, () => ids);
    });
    const decoding = { ...job.decoding, seed: job.decoding.seed + start };
    const generations = await generate(model, tokenizer, rows, decoding, {
      batchSize: rowsPerStretch,
      ops: context.ops,
    });
    for (const [i, { id }] of prompts.entries()) {
      const own = generations.slice(i * job.samplesPerPrompt, (i + 1) * job.samplesPerPrompt);
      const outputs = own.map(({ text, ids }) => ({
        text,
        tokens: ids.length,
        ...(lexicon === null ? {} : { score: lexiconScore(text, lexicon) }),
      }));
      await context.emit({ type: 'samples', promptId: id, outputs });
    }
  }
  await told(job.prompts.length, job.prompts.length);
  model.dispose();
}
