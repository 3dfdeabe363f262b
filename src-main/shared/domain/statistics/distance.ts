/**
 * How far a KL lies from the old weights: its root. KL grows with the square of the distance there, so that its root is what is nearly
 * straight along a path and may be interpolated. KL itself, read between two points, would be taken for larger than it is, and flips at
 * equal KL for fewer, the more the longer the stretch. A KL that rounding left below 0 is 0.
 */
export function distanceOf(kl: number): number {
  return Math.sqrt(Math.max(0, kl));
}
