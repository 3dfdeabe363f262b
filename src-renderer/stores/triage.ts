import { computed, ref, shallowRef, watch } from 'vue';
import { defineStore } from 'pinia';
import type { Annotation } from '@shared/domain/entities.ts';
import { invoke } from '../api/client.ts';
import { useFlipBrowser } from './flip-browser.ts';
import { useSample } from './sample.ts';
import { useToasts } from './toasts.ts';

export type AnnotationChange = Partial<
  Pick<Annotation, 'label' | 'note' | 'leftVerdict' | 'rightVerdict' | 'reviewed'>
>;
const farthestScan = 20_000;

/** A person's judgement of flips: labels, notes, overrides; every step can be undone. */
export const useTriage = defineStore('triage', () => {
  const browser = useFlipBrowser();
  const sample = useSample();
  const undoTokens = shallowRef<string[]>([]);
  /** Hides which side is the new one, and with it everything that gives it away. */
  const blind = ref(false);
  /** Samples judged in this round of blind mode; true where the verdicts given are those of the evaluation, null where none was given. */
  const judgedBlind = shallowRef<ReadonlyMap<number, boolean | null>>(new Map());
  watch(blind, () => (judgedBlind.value = new Map()));
  /** Blind mode hides what tells of the open sample until it is judged. */
  const hidden = computed(() => blind.value && !isJudged(sample.detail?.annotation ?? null));
  /** Marked rows; the open sample is meant when there are none. */
  const marked = shallowRef<Set<number>>(new Set());

  function targets(): number[] {
    if (marked.value.size > 0) return [...marked.value];
    return sample.detail === null ? [] : [sample.detail.sampleKey];
  }

  async function change(what: AnnotationChange, sampleKeys = targets()): Promise<void> {
    const comparisonId = browser.comparison?.id;
    if (comparisonId === undefined || sampleKeys.length === 0) return;
    const judgedNow = blind.value ? sampleKeys.filter((key) => key === sample.detail?.sampleKey) : [];
    const { undoToken } = await invoke('annotations.set', { comparisonId, sampleKeys, change: what });
    undoTokens.value = [...undoTokens.value, undoToken];
    const keys = new Set(sampleKeys);
    sample.patchAnnotation(keys, (old) => ({
      ...(old ?? blank(comparisonId, sample.detail?.sampleKey ?? 0)),
      ...what,
    }));
    browser.patchRows(keys, {
      ...(what.label === undefined ? {} : { label: what.label }),
      ...(what.reviewed === undefined ? {} : { reviewed: what.reviewed }),
      ...(what.note === undefined ? {} : { noted: what.note !== '' }),
    });
    for (const key of judgedNow) noteBlind(key);
    if (what.leftVerdict !== undefined || what.rightVerdict !== undefined) {
      await Promise.all([sample.reload(), browser.refreshNumbers()]);
    } else await browser.refreshFacets();
  }

  function noteBlind(sampleKey: number): void {
    const { detail } = sample;
    if (detail?.sampleKey !== sampleKey || !isJudged(detail.annotation)) return;
    const { leftVerdict = null, rightVerdict = null } = detail.annotation ?? {};
    const given = leftVerdict !== null || rightVerdict !== null;
    const agrees =
      (leftVerdict ?? detail.left?.verdict) === detail.left?.verdict &&
      (rightVerdict ?? detail.right?.verdict) === detail.right?.verdict;
    judgedBlind.value = new Map([...judgedBlind.value, [sampleKey, given ? agrees : null]]);
  }

  /** Sets a label and counts the sample as reviewed; the label it already has is taken away. */
  async function label(index: number): Promise<void> {
    const same = marked.value.size === 0 && sample.detail?.annotation?.label === index;
    await change({ label: same ? null : index, reviewed: true });
  }

  async function undo(): Promise<void> {
    const token = undoTokens.value.at(-1);
    if (token === undefined) return;
    undoTokens.value = undoTokens.value.slice(0, -1);
    await invoke('annotations.undo', { undoToken: token });
    browser.rows?.invalidate();
    await Promise.all([sample.reload(), browser.refreshNumbers()]);
    useToasts().show({ tone: 'neutral', title: 'Undone' });
  }

  /** `sampleKey` of the next row that nobody reviewed, from the row after `from` on; null when there is none in reach. */
  async function nextUnreviewed(from: number): Promise<number | null> {
    const rows = browser.rows;
    if (rows === null) return null;
    const last = Math.min(rows.total, from + 1 + farthestScan);
    for (let index = from + 1; index < last; index++) {
      const row = rows.at(index) ?? (await rows.load(index));
      if (row !== undefined && !row.reviewed) return row.sampleKey;
    }
    return null;
  }

  function toggleMark(sampleKey: number): void {
    const next = new Set(marked.value);
    if (!next.delete(sampleKey)) next.add(sampleKey);
    marked.value = next;
  }

  function mark(sampleKeys: Iterable<number>): void {
    marked.value = new Set([...marked.value, ...sampleKeys]);
  }

  function clearMarks(): void {
    marked.value = new Set();
  }

  return {
    undoTokens,
    blind,
    hidden,
    judgedBlind,
    marked,
    change,
    label,
    undo,
    nextUnreviewed,
    toggleMark,
    mark,
    clearMarks,
  };
});

/** A person said something of the sample: a label, a verdict, or that it was reviewed. */
function isJudged(annotation: Annotation | null): boolean {
  if (annotation === null) return false;
  const { label, leftVerdict, rightVerdict, reviewed } = annotation;
  return label !== null || leftVerdict !== null || rightVerdict !== null || reviewed;
}

function blank(comparisonId: string, sampleKey: number): Annotation {
  return {
    comparisonId,
    sampleKey,
    label: null,
    note: '',
    leftVerdict: null,
    rightVerdict: null,
    reviewed: false,
    changedAt: Date.now(),
  };
}
