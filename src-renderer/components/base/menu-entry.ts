/** A line of a menu. */
export interface MenuEntry {
  label: string;
  keys?: string;
  disabled?: boolean;
  run: () => void;
}
