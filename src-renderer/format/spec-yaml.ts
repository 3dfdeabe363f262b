import { isMap, parseDocument } from 'yaml';
import { valueAt } from './spec-form.ts';

export type SpecDocument = ReturnType<typeof parseDocument>;

/** A run spec as it is typed, anchors, aliases and merge keys (`<<: *anchor`) included, as the workbench reads it. */
export function readYaml(text: string): SpecDocument {
  return parseDocument(text, { merge: true });
}

/** Sets one value; undefined deletes the key, so that its default holds. */
export function setInYaml(document: SpecDocument, path: readonly string[], value: unknown): void {
  makeParents(document, path);
  if (value === undefined) document.deleteIn(path);
  else document.setIn(path, document.createNode(value));
}

/** A parent that is absent or empty becomes a map, and one that is elsewhere (an alias, a merged key) a copy of its own. */
function makeParents(document: SpecDocument, path: readonly string[]): void {
  for (let length = 1; length < path.length; length++) {
    const parent = path.slice(0, length);
    const present: unknown = document.getIn(parent, true);
    if (isMap(present)) continue;
    const value = valueAt(document.toJS(), parent);
    document.setIn(parent, document.createNode(typeof value === 'object' && value !== null ? value : {}));
  }
}
