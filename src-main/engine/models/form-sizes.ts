import type { CausalLm } from './causal-lm.ts';

/** The number of weights above which compiling one more form costs less than the padding that it saves. */
const finelyRounded = 4e6;

/** Whether the sizes of this model's forms are to be fine. */
export function roundsFinely({ parameters }: CausalLm): boolean {
  let weights = 0;
  for (const { size } of parameters.values()) weights += size;
  return weights >= finelyRounded;
}
