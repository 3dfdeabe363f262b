import { computed } from 'vue';
import type { Ref } from 'vue';
import { useLocalStorage } from '@vueuse/core';
import type { GridColumn } from '../components/base/grid-column.ts';
import {
  inOrder,
  laidOut,
  moved,
  nudged,
  plainLayout,
  readLayout,
  resized,
  toggled,
  widthStepPx,
} from '../format/column-layout.ts';
import type { ColumnLayout } from '../format/column-layout.ts';

/** The columns of a list as a person arranged them; this browser remembers it under `name`. */
export function useColumnLayout<Column extends GridColumn>(name: string, columns: Ref<Column[]>) {
  const layout = useLocalStorage<ColumnLayout>(`columns.${name}`, plainLayout, {
    serializer: { read: readLayout, write: (value) => JSON.stringify(value) },
  });
  const change = (next: ColumnLayout) => (layout.value = next);
  return {
    /** What the grid shows. */
    shown: computed(() => laidOut(columns.value, layout.value)),
    /** What can be arranged, in order. */
    all: computed(() =>
      inOrder(columns.value, layout.value).map((column) => ({
        key: column.key,
        label: column.label,
        hidden: layout.value.hidden.includes(column.key),
        width: layout.value.widths[column.key] ?? null,
      })),
    ),
    changed: computed(() => JSON.stringify(layout.value) !== JSON.stringify(plainLayout)),
    move: (key: string, before: string | null) => change(moved(columns.value, layout.value, key, before)),
    nudge: (key: string, by: -1 | 1) => change(nudged(columns.value, layout.value, key, by)),
    toggle: (key: string) => change(toggled(layout.value, key)),
    resize: (key: string, width: number | null) => change(resized(layout.value, key, width)),
    /** From the width it has now, where none was chosen. */
    widen: (key: string, now: number, by: -1 | 1) => change(resized(layout.value, key, now + by * widthStepPx)),
    reset: () => change(plainLayout),
  };
}
export type ColumnArrangement = Omit<ReturnType<typeof useColumnLayout>, 'shown'>;
