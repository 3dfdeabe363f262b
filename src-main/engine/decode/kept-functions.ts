import type { CausalLm } from '../models/causal-lm.ts';
import type { CompiledFunction } from '../ports.ts';

/** Functions kept per model. */
const mostFunctions = 32;

const functionsByModel = new WeakMap<CausalLm, Map<string, CompiledFunction | null>>();

/** The model's functions by form; disposed together with the model. */
export function functionsOf(model: CausalLm): Map<string, CompiledFunction | null> {
  const known = functionsByModel.get(model);
  if (known !== undefined) {
    const [oldest] = known;
    if (oldest !== undefined && known.size > mostFunctions) {
      oldest[1]?.dispose();
      known.delete(oldest[0]);
    }
    return known;
  }
  const made = new Map<string, CompiledFunction | null>();
  functionsByModel.set(model, made);
  model.dependants.add({ dispose: () => made.forEach((own) => own?.dispose()) });
  return made;
}
