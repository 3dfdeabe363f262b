import type { PreferenceRow, UnpairedRow } from '../../shared/domain/datasets.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import { joinAll, type RowTokenizer, type TokenisedRows } from './tokenise.ts';

/** A completion with a thumb up or down, as KTO reads it. */
export interface LabelledSample {
  id: string;
  sequence: CompletionSequence;
  desirable: boolean;
  /** The same prompt with the completion of another row. */
  mismatched: CompletionSequence;
}

/**
 * Rows as TRL's KTOTrainer prepares them: prompt and response are tokenised as for pairs, a row whose prompt alone fills `maxLength` is
 * dropped, and sequences keep their first `maxLength` tokens. For a pair, the chosen response is desirable and the rejected one is not.
 * Completions are mismatched by rotation within `groupSize` consecutive rows: a prompt gets the completion before its own.
 */
export function tokeniseLabelled(
  rows: readonly (UnpairedRow | PreferenceRow)[],
  tokenizer: RowTokenizer,
  { maxLength, groupSize }: { maxLength: number; groupSize: number },
): TokenisedRows<LabelledSample> {
  const dropped: string[] = [];
  const kept: { id: string; whole: CompletionSequence; desirable: boolean }[] = [];
  for (const row of rows) {
    for (const { id, whole, desirable } of labelledOf(row, tokenizer)) {
      if (whole.from >= maxLength) dropped.push(row.id);
      else kept.push({ id, whole, desirable });
    }
  }
  const cut = ({ ids, from }: CompletionSequence) => ({ ids: ids.slice(0, maxLength), from });
  const samples = kept.map(({ id, whole, desirable }, i) => {
    const start = Math.floor(i / groupSize) * groupSize;
    const last = Math.min(start + groupSize, kept.length) - 1;
    const other = kept[i === start ? last : i - 1]!.whole;
    const prompt = whole.ids.subarray(0, whole.from);
    const mismatched = { ids: Int32Array.from([...prompt, ...other.ids.subarray(other.from)]), from: whole.from };
    return { id, sequence: cut(whole), desirable, mismatched: cut(mismatched) };
  });
  return { samples, dropped: [...new Set(dropped)] };
}

function labelledOf(row: UnpairedRow | PreferenceRow, tokenizer: RowTokenizer) {
  if (row.kind === 'unpaired') {
    const [whole] = joinAll(tokenizer, row.prompt, [row.completion], row.tools) as [CompletionSequence];
    return [{ id: row.id, whole, desirable: row.label }];
  }
  const [chosen, rejected] = joinAll(tokenizer, row.prompt, [row.chosen, row.rejected], row.tools) as [
    CompletionSequence,
    CompletionSequence,
  ];
  return [
    { id: row.id, whole: chosen, desirable: true },
    { id: row.id, whole: rejected, desirable: false },
  ];
}
