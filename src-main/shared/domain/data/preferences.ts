import { HashIndex } from './hash-index.ts';
import type { TextHash } from './hash-index.ts';

/**
 * What the rows of one prompt say of their responses. A preference is an arrow from the chosen to the rejected response; preferences
 * contradict each other where arrows lead back (A over B and B over A, or round three and more). Of unpaired rows, a response that is
 * both good and bad is the contradiction.
 */
export class PromptGroups {
  readonly #prompts: HashIndex;
  readonly #next: Int32Array;
  readonly #chosen: Int32Array;
  readonly #rejected: Int32Array;
  readonly #responses: HashIndex;
  #heads: number[] = [];
  #answers = 0;

  constructor(rows: number) {
    this.#prompts = new HashIndex(rows);
    this.#responses = new HashIndex(rows);
    this.#next = new Int32Array(rows).fill(-1);
    this.#chosen = new Int32Array(rows).fill(-1);
    this.#rejected = new Int32Array(rows).fill(-1);
  }

  /** Hashes of the prompt and of what is preferred; unpaired rows prefer their completion to nothing (`good`) or the reverse. */
  add(row: number, prompt: TextHash, chosen: TextHash | null, rejected: TextHash | null): void {
    const group = this.#prompts.get(prompt);
    if (group === undefined) {
      this.#prompts.set(prompt, this.#heads.length);
      this.#heads.push(row);
    } else {
      this.#next[row] = this.#heads[group] as number;
      this.#heads[group] = row;
    }
    this.#chosen[row] = this.#answer(chosen);
    this.#rejected[row] = this.#answer(rejected);
  }

  #answer(hash: TextHash | null): number {
    if (hash === null) return -1;
    const known = this.#responses.get(hash);
    if (known !== undefined) return known;
    this.#responses.set(hash, this.#answers);
    return this.#answers++;
  }

  /** Calls back for each row of a prompt that comes again, and for each whose preference is contradicted. */
  forEach(found: { repeated: (row: number) => void; contradicted: (row: number) => void }): {
    repeatedPrompts: number;
    contradictions: number;
  } {
    let repeatedPrompts = 0;
    let contradictions = 0;
    for (const head of this.#heads) {
      const rows: number[] = [];
      for (let row = head; row >= 0; row = this.#next[row] as number) rows.push(row);
      if (rows.length < 2) continue;
      repeatedPrompts++;
      rows.forEach(found.repeated);
      const bad = this.#contradicted(rows);
      if (bad.length > 0) contradictions++;
      bad.forEach(found.contradicted);
    }
    return { repeatedPrompts, contradictions };
  }

  /** Rows whose arrow lies on a way back to where it starts: both ends in one strongly connected component. */
  #contradicted(rows: readonly number[]): number[] {
    const arrows = rows
      .map((row) => ({ row, from: this.#chosen[row] as number, to: this.#rejected[row] as number }))
      .filter(({ from, to }) => from >= 0 && to >= 0 && from !== to);
    if (arrows.length < 2) return [];
    const component = components(arrows);
    return arrows.filter(({ from, to }) => component.get(from) === component.get(to)).map(({ row }) => row);
  }
}

/** Kosaraju: an order of leaving, then the reversed arrows in the reverse of it. */
function components(arrows: readonly { from: number; to: number }[]): Map<number, number> {
  const forward = new Map<number, number[]>();
  const backward = new Map<number, number[]>();
  for (const { from, to } of arrows) {
    for (const [map, a, b] of [
      [forward, from, to],
      [backward, to, from],
    ] as const) {
      const list = map.get(a);
      if (list === undefined) map.set(a, [b]);
      else list.push(b);
      if (!map.has(b)) map.set(b, []);
    }
  }
  const order: number[] = [];
  walk(forward.keys(), forward, new Set(), (node) => order.push(node));
  const component = new Map<number, number>();
  const seen = new Set<number>();
  for (const root of order.reverse()) {
    if (seen.has(root)) continue;
    walk([root], backward, seen, (node) => component.set(node, root));
  }
  return component;
}

/** Depth first, without recursion: groups may have a million rows. */
function walk(
  roots: Iterable<number>,
  edges: ReadonlyMap<number, readonly number[]>,
  seen: Set<number>,
  leave: (node: number) => void,
): void {
  for (const root of roots) {
    if (seen.has(root)) continue;
    seen.add(root);
    const stack = [{ node: root, at: 0 }];
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const next = edges.get(top.node)?.[top.at++];
      if (next === undefined) {
        leave(top.node);
        stack.pop();
      } else if (!seen.has(next)) {
        seen.add(next);
        stack.push({ node: next, at: 0 });
      }
    }
  }
}
