import type { RandomStream } from './ports.ts';

/**
 * sfc32 (Chris Doty-Humphrey's small fast counter, PractRand-clean): four 32-bit words of state, so that a stream is stored in a checkpoint
 * as four integers and continues exactly where it stopped.
 */
export function randomFromState(state: readonly number[]): RandomStream {
  let [a = 0, b = 0, c = 0, counter = 0] = state;
  return {
    next() {
      const sum = (a + b + counter) | 0;
      counter = (counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + sum) | 0;
      return (sum >>> 0) / 4294967296;
    },
    state: () => [a >>> 0, b >>> 0, c >>> 0, counter >>> 0],
  };
}

/**
 * A stream of its own for every purpose (`shuffle`, `dropout`, `gate`, `rollout`), so that drawing more for one never
 * moves another: a guarded and an unguarded run of one seed see the same batches.
 */
export function createRandom(seed: number, purpose = ''): RandomStream {
  const stream = randomFromState([seed >>> 0, Math.floor(seed / 4294967296) >>> 0, hashText(purpose), 1]);
  for (let i = 0; i < 15; i++) stream.next();
  return stream;
}

/** FNV-1a, 32 bits. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

/** An integer in [0, limit). */
export function randomInteger(random: RandomStream, limit: number): number {
  return Math.floor(random.next() * limit);
}

/** 0 … count−1 in random order (Fisher–Yates). */
export function permutation(random: RandomStream, count: number): number[] {
  const order = Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = randomInteger(random, i + 1);
    const held = order[i] as number;
    order[i] = order[j] as number;
    order[j] = held;
  }
  return order;
}

/** Standard normal deviate (Box–Muller). */
export function randomNormal(random: RandomStream): number {
  const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
  return radius * Math.cos(2 * Math.PI * random.next());
}
