import type { DecodingSettings } from '../../shared/domain/evaluations.ts';

/** The settings that shape a distribution. */
export type SamplingSettings = Pick<DecodingSettings, 'topK' | 'topP'>;

/** True when neither top-k nor top-p cuts anything off. */
export function takesAll({ topK, topP }: SamplingSettings, vocab: number): boolean {
  return (topK === undefined || topK <= 0 || topK >= vocab) && (topP === undefined || topP >= 1);
}

/**
 * Draws a token from probabilities (temperature already applied) with one uniform number in [0, 1). The order is transformers': first the
 * `topK` likeliest, then the fewest of these that hold `topP` of their mass, then a draw among them by probability.
 */
export function sampleToken(probabilities: Float32Array, settings: SamplingSettings, uniform: number): number {
  const { topK, topP } = settings;
  if (takesAll(settings, probabilities.length)) return drawFromAll(probabilities, uniform);
  const limited = topK !== undefined && topK > 0 && topK < probabilities.length;
  const ranked = limited ? likeliest(probabilities, topK) : candidatesOf(probabilities, topP!);
  const kept = topP === undefined || topP >= 1 ? ranked : nucleus(probabilities, ranked, topP, limited);
  return drawFrom(probabilities, kept, uniform);
}

/** Inverse distribution function in one walk; the last token with any probability takes what rounding leaves. */
function drawFromAll(probabilities: Float32Array, uniform: number): number {
  let total = 0;
  for (let token = 0; token < probabilities.length; token++) total += probabilities[token]!;
  let left = uniform * total;
  let last = 0;
  for (let token = 0; token < probabilities.length; token++) {
    const probability = probabilities[token]!;
    if (probability <= 0) continue;
    last = token;
    left -= probability;
    if (left < 0) return token;
  }
  return last;
}

function drawFrom(probabilities: Float32Array, tokens: readonly number[], uniform: number): number {
  let left = uniform * massOf(probabilities, tokens);
  for (const token of tokens) {
    left -= probabilities[token]!;
    if (left < 0) return token;
  }
  return tokens.at(-1)!;
}

/** The `count` likeliest tokens, likeliest first; among equals the lower id. */
function likeliest(probabilities: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let token = 0; token < probabilities.length; token++) {
    const probability = probabilities[token]!;
    if (best.length === count && probability <= probabilities[best[count - 1]!]!) continue;
    let place = best.length;
    while (place > 0 && probabilities[best[place - 1]!]! < probability) place--;
    best.splice(place, 0, token);
    if (best.length > count) best.pop();
  }
  return best;
}

/**
 * Every token that can belong to the nucleus, likeliest first. Tokens below (1−p)/vocabulary have less than 1−p altogether, so they are in
 * the cut tail whatever the rest looks like; few remain to be sorted.
 */
function candidatesOf(probabilities: Float32Array, topP: number): number[] {
  const floor = (1 - topP) / probabilities.length;
  const tokens: number[] = [];
  for (let token = 0; token < probabilities.length; token++) {
    if (probabilities[token]! >= floor) tokens.push(token);
  }
  return tokens.sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
}

/** The shortest start of `ranked` whose mass reaches `topP`; never empty. */
function nucleus(probabilities: Float32Array, ranked: readonly number[], topP: number, renormalise: boolean): number[] {
  const wanted = topP * (renormalise ? massOf(probabilities, ranked) : 1);
  let mass = 0;
  let count = 0;
  while (count < ranked.length && mass < wanted) mass += probabilities[ranked[count++]!]!;
  return ranked.slice(0, Math.max(count, 1));
}

function massOf(probabilities: Float32Array, tokens: readonly number[]): number {
  return tokens.reduce((sum, token) => sum + probabilities[token]!, 0);
}
