import { keepEnd, piece } from '../../engine/data/tokenise.ts';
import { scorePass, planPasses } from '../../engine/data/score-sequences.ts';
import type { CompletionSequence } from '../../engine/losses/layout.ts';
import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { openTokenizer } from '../patterns.ts';
import type { TokenLedger } from '../../shared/domain/evaluations.ts';
import type { LedgerJob } from '../../shared/domain/jobs.ts';
import { progressOf, type JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';
import { SharedModels } from './shared-models.ts';

/** Log-prob of every response token under two models: one in memory at a time, or two on one base. */
export async function runLedgerJob(job: LedgerJob, context: JobContext): Promise<void> {
  const tokenizer = await openTokenizer(openFolder(job.left.path));
  // As it is behind its prompt, without an EOS that nobody wrote.
  const sequences = job.texts.map(({ prompt, response }) => piece(tokenizer, prompt, response));
  const models = new SharedModels(context);
  const oldModel = await models.open(job.left);
  const left = await tokenLogProbs(oldModel, sequences, context, 'log-probs under the old model');
  if (job.left.path !== job.right.path) await models.dispose();
  const newModel = await models.open(job.right);
  const right = await tokenLogProbs(newModel, sequences, context, 'log-probs under the new model');
  await models.dispose();
  const ledgers = job.texts.map(({ part }, i): TokenLedger => {
    const sequence = sequences[i] as CompletionSequence;
    const tokens = [...sequence.ids.subarray(Math.max(1, sequence.from))].map((id) => tokenizer.tokenText(id));
    return { part, tokens, leftLogProbs: left[i] ?? [], rightLogProbs: right[i] ?? [] };
  });
  await context.emit({ type: 'ledger', ledgers });
}

async function tokenLogProbs(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  context: JobContext,
  phase: string,
): Promise<number[][]> {
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
  return results;
}
