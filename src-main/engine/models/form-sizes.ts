import type { CausalLm } from './causal-lm.ts';

/**
 * The number of weights from which on operations are so large that one more form to compile costs less than padding, and that two of them next
 * to each other are faster than one after the other.
 */
const smallBelow = 4e6;

export function isSmall({ parameters }: Pick<CausalLm, 'parameters'>): boolean {
  let weights = 0;
  for (const { size } of parameters.values()) weights += size;
  return weights < smallBelow;
}
