import { ref, shallowRef } from 'vue';
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

/** A person's judgement of flips: labels, notes, overrides; every step can be taken back. */
export const useTriage = defineStore('triage', () => {
  const browser = useFlipBrowser();
  const sample = useSample();
  const undoTokens = shallowRef<string[]>([]);
  /** Hides which side is the new one, and with it everything that gives it away. */
  const blind = ref(false);
  /** Marked rows; the open sample is meant when there are none. */
  const marked = shallowRef<Set<number>>(new Set());

  function targets(): number[] {
    if (marked.value.size > 0) return [...marked.value];
    return sample.detail === null ? [] : [sample.detail.sampleKey];
  }

  async function change(what: AnnotationChange, sampleKeys = targets()): Promise<void> {
    const comparisonId = browser.comparison?.id;
    if (comparisonId === undefined || sampleKeys.length === 0) return;
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
    });
    void browser.refreshFacets();
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
    await Promise.all([sample.reload(), browser.refreshFacets()]);
    useToasts().show({ tone: 'neutral', title: 'Taken back' });
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

  return { undoTokens, blind, marked, change, label, undo, nextUnreviewed, toggleMark, mark, clearMarks };
});

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
