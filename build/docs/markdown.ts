/** A table in Markdown; `|` in cells is escaped. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---').join('|')}|`, ...rows.map(line)].join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

export function code(text: string): string {
  return `\`${text}\``;
}

export function codes(texts: readonly string[]): string {
  return texts.map(code).join(' ');
}

/** Blocks of a page, a blank line between them. `source` is the file whose change changes the page. */
export function page(title: string, source: string, blocks: readonly string[]): string {
  const note = `<!-- Written by \`npm run docs\` from ${source}: change it there. -->`;
  return `${[`# ${title}`, note, ...blocks].join('\n\n')}\n`;
}
