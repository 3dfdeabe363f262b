import { layoutBatch, type CompletionSequence, type LayoutOptions } from '../../src-main/engine/losses/layout.ts';
import { type Batch, batchInputs, batchOf } from '../../src-main/engine/losses/token-log-probs.ts';
import type { CausalLm } from '../../src-main/engine/models/causal-lm.ts';
import { inputTensors } from '../../src-main/engine/passes.ts';

/** Sequences as a batch on the device, as an objective's pass sees them. */
export function batchFor(
  model: CausalLm,
  sequences: readonly CompletionSequence[],
  options: LayoutOptions = { sharePrompts: model.sharesPrompts },
): Batch {
  const layout = layoutBatch(sequences, options);
  return batchOf(layout.form, inputTensors(batchInputs(model, layout)));
}
