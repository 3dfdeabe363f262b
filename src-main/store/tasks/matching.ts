/** Positions of two evaluations' samples that belong together. */
export interface Pairs {
  left: number[];
  right: number[];
}

/** Pairs of equal keys, each position once; the key '' pairs with nothing. */
export function pairByKeys(left: readonly string[], right: readonly string[]): Pairs {
  const find = matcher(right, new Set(), '');
  const pairs: Pairs = { left: [], right: [] };
  left.forEach((key, i) => {
    const j = key === '' ? undefined : find(key);
    if (j === undefined) return;
    pairs.left.push(i);
    pairs.right.push(j);
  });
  return pairs;
}

export interface IdPairs extends Pairs {
  /** Pairs whose content is the same. */
  agreeing: number;
  /** Pairs where both sides have content. */
  comparable: number;
}

/** Equal id and content first, then the rest by id alone. */
export function pairByIds(
  left: { ids: readonly string[]; contents: readonly string[] },
  right: { ids: readonly string[]; contents: readonly string[] },
): IdPairs {
  const whole = matcher(right.ids.map((id, i) => `${id}\u0000${right.contents[i]}`));
  const pairs: IdPairs = { left: [], right: [], agreeing: 0, comparable: 0 };
  const usedRight = new Set<number>();
  const rest: number[] = [];
  left.ids.forEach((id, i) => {
    const j = whole(`${id}\u0000${left.contents[i]}`);
    if (j === undefined) rest.push(i);
    else {
      pairs.left.push(i);
      pairs.right.push(j);
      usedRight.add(j);
      pairs.agreeing++;
      pairs.comparable++;
    }
  });
  const byId = matcher(right.ids, usedRight);
  for (const i of rest) {
    const j = byId(left.ids[i] ?? '');
    if (j === undefined) continue;
    pairs.left.push(i);
    pairs.right.push(j);
    if (left.contents[i] !== '' && right.contents[j] !== '') pairs.comparable++;
  }
  return pairs;
}

/** Finds each position once, in order: the k-th of equal keys on one side pairs with the k-th on the other. */
function matcher(
  keys: readonly string[],
  used: ReadonlySet<number> = new Set(),
  ignored?: string,
): (key: string) => number | undefined {
  const waiting = new Map<string, number | number[]>();
  for (let i = keys.length - 1; i >= 0; i--) {
    const key = keys[i] ?? '';
    if (used.has(i) || key === ignored) continue;
    const before = waiting.get(key);
    if (before === undefined) waiting.set(key, i);
    else if (typeof before === 'number') waiting.set(key, [before, i]);
    else before.push(i);
  }
  return (key) => {
    const found = waiting.get(key);
    if (typeof found !== 'object') {
      waiting.delete(key);
      return found;
    }
    const next = found.pop();
    if (found.length === 0) waiting.delete(key);
    return next;
  };
}
