import { diffWordsWithSpace } from 'diff';

export interface DiffPart {
  text: string;
  /** Stands on this side only. */
  changed: boolean;
}
export interface SideBySide {
  left: DiffPart[];
  right: DiffPart[];
}
/** Comparing texts that share little takes quadratic time; past this many edits the difference says nothing anyway. */
const mostEdits = 4000;

/** Both texts in parts, with what stands on one side only marked. Null when they differ too much to be told apart by words. */
export function wordDiff(left: string, right: string): SideBySide | null {
  const changes = diffWordsWithSpace(left, right, { maxEditLength: mostEdits, timeout: 150 });
  if (changes === undefined) return null;
  const sides: SideBySide = { left: [], right: [] };
  for (const { value, added, removed } of changes) {
    if (!added) push(sides.left, value, removed);
    if (!removed) push(sides.right, value, added);
  }
  return sides;
}

function push(parts: DiffPart[], text: string, changed: boolean): void {
  const last = parts.at(-1);
  if (last?.changed === changed) last.text += text;
  else parts.push({ text, changed });
}
