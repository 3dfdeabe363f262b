/** A column of a grid. `width` is a CSS grid track. */
export interface GridColumn {
  key: string;
  label: string;
  width: string;
  align?: 'start' | 'end';
  sortable?: boolean;
  /** The heading is for screen readers only: the cells say what they are. */
  bare?: boolean;
  /** Longer explanation of the heading. */
  hint?: string;
}
export interface GridSort {
  column: string;
  direction: 'ascending' | 'descending';
}
/** A column of a list that is all here. */
export interface ListColumn<Row> extends GridColumn {
  /** What the column sorts and is filtered by. */
  value: (row: Row) => string | number | null;
}
