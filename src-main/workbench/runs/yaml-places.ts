import { LineCounter, isAlias, isMap, isNode, isScalar, isSeq, parseDocument, visit } from 'yaml';
import type { Document, Node, Pair, Scalar, YAMLMap } from 'yaml';
import type { SpecIssue } from '../../shared/contract/views.ts';

/** Where a path is in the text, when there is a text. */
export type Locate = (path: readonly PropertyKey[]) => { line: number; column: number } | undefined;

/** YAML with anchors, aliases and merge keys (`<<: *anchor`): what it stands for, and where each part of that is written. */
export function readYaml(text: string): { issues: SpecIssue[]; value: unknown; locate: Locate } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true });
  const faults = [
    ...document.errors.map(({ message, pos }) => ({ message, offset: pos[0] })),
    ...mergesOfNoMap(document).map((offset) => ({
      message: '<< takes a map, an alias of one, or a list of these',
      offset,
    })),
  ];
  const issues = faults.map(({ message, offset }) => {
    const { line, col } = lines.linePos(offset);
    return { path: '', message, line, column: col };
  });
  return {
    issues,
    value: issues.length > 0 ? null : plainValue(document),
    locate: (path) => locateIn(document, lines, path),
  };
}

/** Null for a document whose aliases multiply beyond reason. */
function plainValue(document: Document): unknown {
  try {
    return document.toJS({ maxAliasCount: 100 });
  } catch {
    return null;
  }
}

/** The place of a path, or of the nearest part of it that is in the text. */
function locateIn(document: Document, lines: LineCounter, path: readonly PropertyKey[]): ReturnType<Locate> {
  const offset = offsetOf(document, path);
  if (offset === undefined) return undefined;
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}

/** Offset of the key that the known part of a path ends in, or of the item of a list. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number | undefined {
  let node = resolved(document, document.contents);
  let offset = node?.range?.[0];
  for (const part of path) {
    if (isMap(node)) {
      const pair = pairOf(document, node, String(part));
      if (pair === undefined) return offset;
      offset = isNode(pair.key) ? pair.key.range?.[0] : offset;
      node = resolved(document, pair.value);
    } else if (isSeq(node)) {
      const item: unknown = node.items[Number(part)];
      if (!isNode(item)) return offset;
      // An alias in a list is where the list has it; what is in it is where that is written.
      offset = item.range?.[0] ?? offset;
      node = resolved(document, item);
    } else return offset;
  }
  return offset;
}

/** The pair of a key: the map's own, else one of those that are merged into it. */
function pairOf(document: Document, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.find((pair) => isScalar(pair.key) && String(pair.key.value) === key);
  if (own !== undefined || depth > maxMerges) return own;
  for (const { key: name, value } of map.items) {
    if (!isMergeKey(name)) continue;
    const source = resolved(document, value);
    for (const one of isSeq(source) ? source.items : [source]) {
      const merged = resolved(document, one);
      const pair = isMap(merged) ? pairOf(document, merged, key, depth + 1) : undefined;
      if (pair !== undefined) return pair;
    }
  }
  return undefined;
}

/** A map that merges itself stands for nothing; this keeps the search short. */
const maxMerges = 20;

/** A plain `<<`, which the parser reads as a symbol; in quotes it is a key like any other. */
function isMergeKey(key: unknown): key is Scalar {
  return isScalar(key) && typeof key.value === 'symbol';
}

/** Offsets of the merge keys whose source has no keys to merge. */
function mergesOfNoMap(document: Document): number[] {
  const offsets: number[] = [];
  visit(document, {
    Pair(_, { key, value }) {
      if (!isMergeKey(key)) return;
      const source = resolved(document, value);
      const all = isSeq(source) ? source.items.map((item) => resolved(document, item)) : [source];
      if (!all.every(isMap)) offsets.push(key.range?.[0] ?? 0);
    },
  });
  return offsets;
}

function resolved(document: Document, node: unknown): Node | undefined {
  if (isAlias(node)) return node.resolve(document);
  return isNode(node) ? node : undefined;
}
