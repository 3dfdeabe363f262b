/**
 * Which side comes first in blind mode: fixed for a sample, so that looking twice does not shuffle, and without pattern
 * over samples. (Fibonacci hashing: the top bit of key · 2³²/φ.)
 */
export function blindSwap(sampleKey: number): boolean {
  return Math.imul(sampleKey + 1, 0x9e3779b1) >>> 31 === 1;
}
