/** Rows as spreadsheets take them from the clipboard: cells between tabs, quoted where they hold a tab, a line break or a quote. */
export function tableText(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => cells.map(quoted).join('\t')).join('\n');
}

function quoted(cell: string): string {
  return /[\t\r\n"]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell;
}
