import { loadModel } from '../../engine/checkpoint/load-model.ts';
import { keepEnd, piece } from '../../engine/data/tokenise.ts';
import { scorePass, planPasses } from '../../engine/data/score-sequences.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import { openTokenizer } from '../patterns.ts';
import type { TokenLedger } from '../../shared/domain/evaluations.ts';
import type { LedgerJob } from '../../shared/domain/jobs.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';

/** Log-prob of every response token under two models, one model in memory at a time. */
export async function runLedgerJob(job: LedgerJob, context: JobContext): Promise<void> {
  const tokenizer = await openTokenizer(openFolder(job.leftModelPath));
  // As it stands behind its prompt, without an EOS that nobody wrote.
  const sequences = job.texts.map(({ prompt, response }) => piece(tokenizer, prompt, response));
  const left = await tokenLogProbs(job.leftModelPath, sequences, context, 'log-probs under the old model');
  const right = await tokenLogProbs(job.rightModelPath, sequences, context, 'log-probs under the new model');
  const ledgers = job.texts.map(({ part }, i): TokenLedger => {
    const sequence = sequences[i] as CompletionSequence;
    const tokens = [...sequence.ids.subarray(Math.max(1, sequence.from))].map((id) => tokenizer.tokenText(id));
    return { part, tokens, leftLogProbs: left[i] ?? [], rightLogProbs: right[i] ?? [] };
  });
  await context.emit({ type: 'ledger', ledgers });
}

async function tokenLogProbs(
  folder: string,
  sequences: readonly CompletionSequence[],
  context: JobContext,
  phase: string,
): Promise<number[][]> {
  const model = await loadModel(openFolder(folder), { trainable: false });
  const told = progressOf(context, phase);
  const { maxPositions, vocabSize } = model.config;
  const fitting = sequences.map((sequence) => keepEnd(sequence, maxPositions));
  const results = sequences.map((): number[] => []);
  let done = 0;
  for (const pass of planPasses(fitting, vocabSize)) {
    const members = pass.map((index) => fitting[index] as CompletionSequence);
    const { layout, logProbs } = await scorePass(model, members, { ops: context.ops });
    pass.forEach((index, i) => {
      const start = layout.starts[i] as number;
      results[index] = [...logProbs.subarray(start, start + (layout.counts[i] as number))];
    });
    done += pass.length;
    await told(done, sequences.length);
  }
  model.dispose();
  return results;
}
