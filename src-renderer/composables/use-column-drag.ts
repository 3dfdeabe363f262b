import { ref } from 'vue';
import type { Ref } from 'vue';
import type { GridColumn } from '../components/base/grid-column.ts';

interface Dragging {
  columns: () => readonly GridColumn[];
  resize: (column: string, width: number) => void;
  reorder: (column: string, before: string | null) => void;
}

/** Columns by the pointer: a heading is dragged to another place, its right edge to another width. */
export function useColumnDrag(root: Ref<HTMLElement | null>, { columns, resize, reorder }: Dragging) {
  const dragged = ref<string | null>(null);
  /** The heading before which the dragged one would be dropped. */
  const target = ref<string | null>(null);
  let edge: { key: string; fromX: number; width: number; fixed: boolean } | null = null;

  function widthOf(key: string): number {
    return root.value?.querySelector(`[data-column="${CSS.escape(key)}"]`)?.getBoundingClientRect().width ?? 0;
  }

  function onEdgeDown(key: string, event: PointerEvent): void {
    if (event.button !== 0 || !(event.currentTarget instanceof HTMLElement)) return;
    event.currentTarget.setPointerCapture(event.pointerId);
    edge = { key, fromX: event.clientX, width: widthOf(key), fixed: false };
    event.preventDefault();
    event.stopPropagation();
  }
  function onEdgeMove(event: PointerEvent): void {
    if (edge === null) return;
    if (!edge.fixed) {
      // What is to the left keeps its width, so that the edge stays under the pointer.
      edge.fixed = true;
      const all = columns();
      const at = all.findIndex(({ key }) => key === edge?.key);
      for (const column of all.slice(0, at)) if (column.bare !== true) resize(column.key, widthOf(column.key));
    }
    resize(edge.key, edge.width + event.clientX - edge.fromX);
  }
  function onEdgeUp(): void {
    edge = null;
  }

  function onDragStart(key: string, event: DragEvent): void {
    dragged.value = key;
    event.dataTransfer?.setData('text/plain', key);
    if (event.dataTransfer !== null) event.dataTransfer.effectAllowed = 'move';
  }
  function onDragOver(key: string, event: DragEvent): void {
    if (dragged.value === null || !(event.currentTarget instanceof HTMLElement)) return;
    event.preventDefault();
    const box = event.currentTarget.getBoundingClientRect();
    const all = columns().filter(({ bare }) => bare !== true);
    const after = event.clientX > box.left + box.width / 2;
    target.value = after ? (all[all.findIndex((column) => column.key === key) + 1]?.key ?? null) : key;
  }
  function onDrop(): void {
    if (dragged.value !== null) reorder(dragged.value, target.value);
    onDragEnd();
  }
  function onDragEnd(): void {
    dragged.value = null;
    target.value = null;
  }

  return { target, widthOf, onEdgeDown, onEdgeMove, onEdgeUp, onDragStart, onDragOver, onDrop, onDragEnd };
}
