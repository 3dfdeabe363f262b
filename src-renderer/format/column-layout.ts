import type { GridColumn } from '../components/base/grid-column.ts';

/** What a person made of the columns of a list: their order, which are hidden, widths in px. Columns it does not name are as they come. */
export interface ColumnLayout {
  order: string[];
  hidden: string[];
  widths: Record<string, number>;
}
export const plainLayout: ColumnLayout = { order: [], hidden: [], widths: {} };

export const narrowestPx = 44;
export const widestPx = 1200;
export const widthStepPx = 16;

/** Columns without a heading (a mark, a menu) stay where they are and are always shown. */
const isFixed = (column: GridColumn): boolean => column.bare === true;

/** The columns in the person's order: all of them, the hidden ones too, without those that are fixed. */
export function inOrder<Column extends GridColumn>(columns: readonly Column[], { order }: ColumnLayout): Column[] {
  const movable = columns.filter((column) => !isFixed(column));
  const placed = order.flatMap((key) => movable.filter((column) => column.key === key));
  const all = [...placed];
  // One that came later comes after the column that it follows by default.
  for (const [index, column] of movable.entries()) {
    if (all.includes(column)) continue;
    const before = movable[index - 1];
    all.splice(before === undefined ? 0 : all.indexOf(before) + 1, 0, column);
  }
  return all;
}

/** What the grid shows. At least one column stays, whatever is hidden. */
export function laidOut<Column extends GridColumn>(columns: readonly Column[], layout: ColumnLayout): Column[] {
  const ordered = inOrder(columns, layout);
  const kept = ordered.filter(({ key }) => !layout.hidden.includes(key));
  const shown = (kept.length === 0 ? ordered.slice(0, 1) : kept).map((column) => {
    const width = layout.widths[column.key];
    return width === undefined ? column : { ...column, width: `${width}px` };
  });
  const firstMovable = columns.findIndex((column) => !isFixed(column));
  const lead = columns.filter((column, index) => isFixed(column) && (firstMovable < 0 || index < firstMovable));
  const trail = columns.filter((column, index) => isFixed(column) && firstMovable >= 0 && index > firstMovable);
  return [...lead, ...shown, ...trail];
}

/** Least width in px: the first figure of each track. */
export function leastWidthOf(columns: readonly GridColumn[]): number {
  return columns.reduce((sum, { width }) => sum + Number(/\d+/.exec(width)?.[0] ?? 80), 0);
}

/** Without as many spare columns as it takes to fit into a width in px; 0 is a width that is not known yet. */
export function fitting<Column extends GridColumn>(columns: readonly Column[], width: number): Column[] {
  const shown = [...columns];
  while (width > 0 && leastWidthOf(shown) > width) {
    const last = shown.findLastIndex(({ spare }) => spare === true);
    if (last < 0) break;
    shown.splice(last, 1);
  }
  return shown;
}

/** Puts a column before another one, or at the end. */
export function moved(
  columns: readonly GridColumn[],
  layout: ColumnLayout,
  key: string,
  before: string | null,
): ColumnLayout {
  if (key === before) return layout;
  const keys = inOrder(columns, layout).map((column) => column.key);
  const rest = keys.filter((one) => one !== key);
  const at = before === null ? rest.length : rest.indexOf(before);
  return { ...layout, order: [...rest.slice(0, at), key, ...rest.slice(at)] };
}

/** One place towards the beginning (-1) or the end (1). */
export function nudged(columns: readonly GridColumn[], layout: ColumnLayout, key: string, by: -1 | 1): ColumnLayout {
  const keys = inOrder(columns, layout).map((column) => column.key);
  const at = keys.indexOf(key);
  return moved(columns, layout, key, (by === -1 ? keys[at - 1] : keys[at + 2]) ?? (by === -1 ? key : null));
}

export function toggled(layout: ColumnLayout, key: string): ColumnLayout {
  const { hidden } = layout;
  return { ...layout, hidden: hidden.includes(key) ? hidden.filter((one) => one !== key) : [...hidden, key] };
}

/** Null gives a column the width it has by default. */
export function resized(layout: ColumnLayout, key: string, width: number | null): ColumnLayout {
  const { [key]: _, ...others } = layout.widths;
  if (width === null) return { ...layout, widths: others };
  return { ...layout, widths: { ...others, [key]: Math.round(Math.max(narrowestPx, Math.min(widestPx, width))) } };
}

/** What was kept in the browser, by any version: whatever does not fit is left out. */
export function readLayout(text: string): ColumnLayout {
  try {
    const kept: unknown = JSON.parse(text);
    if (typeof kept !== 'object' || kept === null) return plainLayout;
    const { order, hidden, widths } = kept as Record<string, unknown>;
    const names = (list: unknown) =>
      Array.isArray(list) ? list.filter((one): one is string => typeof one === 'string') : [];
    const sizes = Object.entries(typeof widths === 'object' && widths !== null ? widths : {}).filter(
      (entry): entry is [string, number] => typeof entry[1] === 'number' && entry[1] >= narrowestPx,
    );
    return { order: names(order), hidden: names(hidden), widths: Object.fromEntries(sizes) };
  } catch {
    return plainLayout;
  }
}
