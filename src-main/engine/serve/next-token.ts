import { sampleToken } from '../decode/sampling.ts';
import type { RandomStream } from '../ports.ts';

/** How a row draws its tokens. */
export interface Drawing {
  /** 0 = the likeliest. */
  readonly temperature: number;
  readonly topP?: number;
  readonly topK?: number;
  /** Added to the logits of tokens by id. */
  readonly bias?: ReadonlyMap<number, number>;
  /** Subtracted from the logit of a token that was already drawn: the first once, the second for each time. */
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
}

export interface Drawn {
  readonly id: number;
  /** log p(id) under the model itself: no temperature, no cut, no bias. */
  readonly logProb: number;
  readonly top: readonly { id: number; logProb: number }[];
}

/** The next token from its logits [vocab], with the `top` likeliest. `before`: what the row has drawn so far. */
export function drawToken(
  logits: Float32Array,
  drawing: Drawing,
  { random, before, top }: { random: RandomStream; before: readonly number[]; top: number },
): Drawn {
  const sum = logSumExp(logits);
  const shaped = shape(logits, drawing, before);
  const id = drawing.temperature <= 0 ? likeliest(shaped, 1)[0]! : sampled(shaped, drawing, random.next());
  const best = top === 0 ? [] : likeliest(logits, top);
  return { id, logProb: logits[id]! - sum, top: best.map((one) => ({ id: one, logProb: logits[one]! - sum })) };
}

function shape(logits: Float32Array, drawing: Drawing, before: readonly number[]): Float32Array {
  const { bias, presencePenalty = 0, frequencyPenalty = 0 } = drawing;
  if (bias === undefined && presencePenalty === 0 && frequencyPenalty === 0) return logits;
  const shaped = Float32Array.from(logits);
  for (const [id, more] of bias ?? []) if (id < shaped.length) shaped[id]! += more;
  const counts = new Map<number, number>();
  for (const id of before) counts.set(id, (counts.get(id) ?? 0) + 1);
  for (const [id, count] of counts) shaped[id]! -= presencePenalty + frequencyPenalty * count;
  return shaped;
}

function sampled(logits: Float32Array, { temperature, topP, topK }: Drawing, uniform: number): number {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const mass = logits.map((logit) => Math.exp((logit - most) / temperature));
  const total = mass.reduce((a, b) => a + b, 0);
  const settings = { ...(topP === undefined ? {} : { topP }), ...(topK === undefined ? {} : { topK }) };
  return sampleToken(
    mass.map((one) => one / total),
    settings,
    uniform,
  );
}

function logSumExp(logits: Float32Array): number {
  const most = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return most + Math.log(sum);
}

/** Ids of the `count` greatest, greatest first; among equals the lower id. */
function likeliest(logits: Float32Array, count: number): number[] {
  const best: number[] = [];
  for (let id = 0; id < logits.length; id++) {
    const logit = logits[id]!;
    if (best.length === count && logit <= logits[best[count - 1]!]!) continue;
    let place = best.length;
    while (place > 0 && logits[best[place - 1]!]! < logit) place--;
    best.splice(place, 0, id);
    if (best.length > count) best.pop();
  }
  return best;
}
