import type { Evidence } from '@shared/domain/kinds/change-kinds.ts';
import type { DiffPart } from '@shared/presentation/word-diff.ts';

/** A run of text on one side, with the rules whose evidence it is. */
export interface MarkedPart extends DiffPart {
  /** In words, one for each rule; empty where none points here. */
  rules: string[];
  /** Index into the evidence of the first rule that begins here: where a jump to it lands. */
  begins: number | null;
}

/** Parts of a text cut where evidence begins and ends. `evidence` keeps its indices; what is of the other side is passed over. */
export function withEvidence(
  parts: readonly DiffPart[],
  evidence: readonly Evidence[],
  side: Evidence['side'],
): MarkedPart[] {
  const spans = evidence.flatMap(({ span, rule, side: on }, index) =>
    span === null || on !== side || span.to <= span.from ? [] : [{ ...span, rule, index }],
  );
  const cuts = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const marked: MarkedPart[] = [];
  let at = 0;
  for (const { text, changed } of parts) {
    const end = at + text.length;
    const borders = [at, ...cuts.filter((cut) => cut > at && cut < end), end];
    for (const [i, from] of borders.slice(0, -1).entries()) {
      const to = borders[i + 1] ?? end;
      const here = spans.filter((span) => span.from < to && span.to > from);
      const begins = here.find((span) => span.from === from)?.index ?? null;
      marked.push({
        text: text.slice(from - at, to - at),
        changed,
        rules: [...new Set(here.map(({ rule }) => rule))],
        begins,
      });
    }
    at = end;
  }
  return marked;
}

/** Id of the element that a piece of evidence marks in the open sample. */
export function evidenceId(index: number): string {
  return `evidence-${index}`;
}
