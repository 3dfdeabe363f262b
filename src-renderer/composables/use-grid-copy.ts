import { ref } from 'vue';
import type { Ref } from 'vue';
import { useEventListener } from '@vueuse/core';
import type { GridColumn } from '../components/base/grid-column.ts';
import { tableText } from '../format/table-text.ts';
import { attend, useToasts } from '../stores/toasts.ts';
import { useCopy } from './use-copy.ts';

interface CopiedGrid {
  columns: () => readonly GridColumn[];
  activeRow: () => number | null;
  /** The whole text of a cell; undefined where it is what the cell shows. */
  textOf: (row: number, column: string) => Promise<string> | string | undefined;
  cell: (row: number, column: string) => HTMLElement | null;
}

/**
 * The cell that the arrow keys or a click chose in a grid's active row, and copying it, or the row where none is chosen. The browser's own
 * copying stays as it is where text is selected.
 */
export function useGridCopy(grid: Ref<HTMLElement | null>, of: CopiedGrid) {
  const chosen = ref<string | null>(null);
  const { copy } = useCopy();
  /** Columns that a person can walk through: those without a heading hold marks and menus, unless they have a text. */
  const walked = () => of.columns().filter(({ bare, key }) => bare !== true || key === chosen.value);

  /** Before the first cell is the row. */
  function walk(by: 1 | -1): void {
    const keys = walked().map(({ key }) => key);
    const at = keys.indexOf(chosen.value ?? '') + by;
    chosen.value = keys[Math.min(at, keys.length - 1)] ?? null;
  }

  function whole(row: number, column: string): Promise<string> | string {
    return of.textOf(row, column) ?? shownText(of.cell(row, column));
  }

  useEventListener(document, 'copy', (event: ClipboardEvent) => {
    const row = of.activeRow();
    if (document.activeElement !== grid.value || row === null || getSelection()?.isCollapsed === false) return;
    const column = of.columns().find(({ key }) => key === chosen.value);
    const said = column === undefined ? 'Row copied' : `${column.label} copied`;
    const parts = (column === undefined ? walked() : [column]).map(({ key }) => whole(row, key));
    event.preventDefault();
    const texts = parts.filter((part) => typeof part === 'string');
    if (texts.length === parts.length) {
      event.clipboardData?.setData('text/plain', column === undefined ? tableText([texts]) : (texts[0] ?? ''));
      useToasts().show({ tone: 'good', title: said }, 2500);
    } else {
      attend(
        Promise.all(parts.map((part) => Promise.resolve(part))).then((all) =>
          copy(column === undefined ? tableText([all]) : (all[0] ?? ''), said),
        ),
        'The text could not be read',
      );
    }
  });

  return { chosen, walk };
}

/** What a cell says, on one line. */
function shownText(cell: HTMLElement | null): string {
  return (cell?.innerText ?? '').replace(/\s+/g, ' ').trim();
}
