/** A line of a menu. */
export interface MenuEntry {
  label: string;
  keys?: string;
  disabled?: boolean;
  /** What it starts is waited for by whoever shows the entry: a failure becomes a toast. */
  run: () => unknown;
}
