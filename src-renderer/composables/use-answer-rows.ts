import { computed, ref, watch } from 'vue';
import type { Ref } from 'vue';
import { alignUnits, alignedDiff, foldEqual } from '@shared/presentation/aligned-diff.ts';
import type { DifferenceBy } from '@shared/presentation/aligned-diff.ts';
import type { Evidence } from '@shared/domain/kinds/change-kinds.ts';
import type { DiffPart } from '@shared/presentation/word-diff.ts';
import { withEvidence } from '../format/evidence-marks.ts';
import type { MarkedPart } from '../format/evidence-marks.ts';
import { markdownBlocks } from '../format/markdown.ts';
import type { MarkdownBlock } from '../format/markdown.ts';
import type { ReadingForm } from '../format/reading.ts';

export interface AnswerCell {
  /** Of Markdown: what of the block is evidence. */
  parts: MarkedPart[];
  block: MarkdownBlock | null;
  /** Of the line, from 1. */
  number: number | null;
}
interface Row {
  left: AnswerCell | null;
  right: AnswerCell | null;
  changed: boolean;
}
type Side = 'left' | 'right';

/** Both answers cut into rows of equal height: lines, or blocks of Markdown; long equal runs without evidence are folded. */
export function useAnswerRows(
  texts: Ref<Record<Side, string>>,
  form: Ref<ReadingForm>,
  by: Ref<DifferenceBy>,
  evidence: Ref<readonly Evidence[]>,
) {
  const opened = ref<ReadonlySet<number>>(new Set());
  watch([texts, form, by], () => (opened.value = new Set()));
  const rows = computed(() => {
    const cut = form.value === 'markdown' ? blockRows : lineRows;
    return cut(texts.value, { form: form.value, by: by.value, evidence: evidence.value });
  });
  const shown = computed(() => {
    // What is evidence stays on screen as a change does.
    const kept = rows.value.map((row) => ({
      row,
      changed: row.changed || isEvidence(row.left) || isEvidence(row.right),
    }));
    return foldEqual(kept, opened.value).map((one) => ('row' in one ? { row: one.row.row, index: one.index } : one));
  });
  const same = computed(() => texts.value.left === texts.value.right);
  const unfold = (from: number) => (opened.value = new Set([...opened.value, from]));
  return { shown, same, unfold };
}

interface Reading {
  form: ReadingForm;
  by: DifferenceBy;
  evidence: readonly Evidence[];
}

function isEvidence(cell: AnswerCell | null): boolean {
  return cell?.parts.some(({ rules }) => rules.length > 0) ?? false;
}

function lineRows({ left, right }: Record<Side, string>, { form, by, evidence }: Reading): Row[] {
  const at = { left: 0, right: 0 };
  const lines = { left: 0, right: 0 };
  const cell = (parts: DiffPart[] | null, side: Side): AnswerCell | null => {
    if (parts === null) return null;
    const start = at[side];
    at[side] += parts.reduce((sum, { text }) => sum + text.length, 0);
    const unmarked = by === 'off' ? parts.map(({ text }) => ({ text, changed: false })) : parts;
    return { parts: withEvidence(unmarked, moved(evidence, start), side), block: null, number: ++lines[side] };
  };
  // Without differences code keeps its numbered lines.
  return alignedDiff(left, right, by === 'off' && form === 'code' ? 'lines' : by).map((row) => ({
    left: cell(row.left, 'left'),
    right: cell(row.right, 'right'),
    changed: row.changed && by !== 'off',
  }));
}

/** Within a block of Markdown single words are not marked: the block is. */
function blockRows(texts: Record<Side, string>, { by, evidence }: Reading): Row[] {
  const blocks = { left: markdownBlocks(texts.left), right: markdownBlocks(texts.right) };
  const sources = (side: Side) => blocks[side].map(({ source }) => source);
  const cell = (index: number | null, side: Side): AnswerCell | null => {
    const block = index === null ? undefined : blocks[side][index];
    if (block === undefined) return null;
    const text = texts[side].slice(block.from, block.to);
    const parts = withEvidence([{ text, changed: false }], moved(evidence, block.from), side);
    return { parts: parts.filter(({ rules }) => rules.length > 0), block, number: null };
  };
  return alignUnits(sources('left'), sources('right')).map(({ left, right, changed }) => ({
    left: cell(left, 'left'),
    right: cell(right, 'right'),
    changed: changed && by !== 'off',
  }));
}

/** Evidence as a text that begins at `start` sees it. */
function moved(evidence: readonly Evidence[], start: number): Evidence[] {
  return evidence.map((one) =>
    one.span === null ? one : { ...one, span: { from: one.span.from - start, to: one.span.to - start } },
  );
}
