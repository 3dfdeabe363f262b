import type { AnswersTo } from '../engine/evaluate/context.ts';
import type { CacheKey, NumberCache } from '../engine/ports.ts';

/** Token lists that cost a sampling, from the cache where they are known. */
export async function cachedTokens(
  cache: NumberCache,
  key: CacheKey,
  draw: () => Promise<Int32Array[]>,
): Promise<Int32Array[]> {
  const known = await cache.get(key);
  if (known !== undefined) return unpackTokens(known);
  const drawn = await draw();
  await cache.put(key, packTokens(drawn));
  return drawn;
}

/** Answers of the model that `modelHash` names, sampled once in this job and in all that share the cache. */
export function keptAnswers(cache: NumberCache, modelHash: () => Promise<string>): AnswersTo {
  const drawn = new Map<string, Promise<Int32Array[]>>();
  return (prompts, settings, draw) => {
    const asked = JSON.stringify([settings, prompts]);
    const answers = drawn.get(asked) ?? modelHash().then((hash) => cachedTokens(cache, ['answers', hash, asked], draw));
    drawn.set(asked, answers);
    // What was cancelled is asked again.
    answers.catch(() => drawn.delete(asked));
    return answers;
  };
}

/** One list of numbers, each list of tokens led by its length; ids below 2²⁴ are exact in a float. */
function packTokens(lists: readonly Int32Array[]): Float32Array {
  return Float32Array.from(lists.flatMap((ids) => [ids.length, ...ids]));
}

function unpackTokens(numbers: Float32Array): Int32Array[] {
  const lists: Int32Array[] = [];
  for (let at = 0; at < numbers.length; at += 1 + (numbers[at] as number)) {
    lists.push(Int32Array.from(numbers.subarray(at + 1, at + 1 + (numbers[at] as number))));
  }
  return lists;
}
