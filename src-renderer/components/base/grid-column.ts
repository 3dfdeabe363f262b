/** A column of a grid. `width` is a CSS grid track. */
export interface GridColumn {
  key: string;
  label: string;
  width: string;
  align?: 'start' | 'end';
  sortable?: boolean;
  /** The heading is for screen readers only: the cells say what they are. */
  bare?: boolean;
  /** Left out where the list is too narrow for all columns, the last one first, until a person arranges the columns. */
  spare?: boolean;
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
/** The heading of rows that belong together. */
export interface GridGroup {
  label: string;
  count: number;
  open: boolean;
}
/** A way to put rows of a list into groups: of a row the groups it is in, none where it is in no group. */
export interface ListGrouping<Row> {
  value: string;
  label: string;
  of: (row: Row) => readonly string[];
  /** Heads the rows that are in no group. */
  rest: string;
}
