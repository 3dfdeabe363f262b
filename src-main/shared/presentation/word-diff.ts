import { diffWordsWithSpace } from 'diff';

/** A run of text on one side; `changed` runs have no counterpart on the other. */
export interface DiffPart {
  text: string;
  changed: boolean;
}
export interface WordDiff {
  left: DiffPart[];
  right: DiffPart[];
}

/** Texts that need more edits than this have little in common, and the search for an alignment grows with its square. */
const maxEdits = 1000;

/** Word-by-word difference of two texts; null when they are too different to line up. The parts of a side joined are its text. */
export function wordDiff(left: string, right: string): WordDiff | null {
  const changes = diffWordsWithSpace(left, right, { maxEditLength: maxEdits });
  if (changes === undefined) return null;
  const side = (other: 'added' | 'removed') =>
    joined(
      changes
        .filter((change) => change[other] !== true)
        .map((change) => ({ text: change.value, changed: change.added === true || change.removed === true })),
    );
  return { left: side('added'), right: side('removed') };
}

/** Neighbours of one kind become one part; a space between two changed words belongs to the change. */
function joined(parts: readonly DiffPart[]): DiffPart[] {
  const result: DiffPart[] = [];
  parts.forEach((part, i) => {
    const last = result.at(-1);
    const bridges = /^\s+$/.test(part.text) && last?.changed === true && parts[i + 1]?.changed === true;
    const changed = part.changed || bridges;
    if (last?.changed === changed) last.text += part.text;
    else result.push({ text: part.text, changed });
  });
  return result;
}
