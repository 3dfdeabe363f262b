import { visible } from './visible-text.ts';

/** What Markdown or HTML could read as more than itself in the middle of a line, and what hosts turn into mentions and links. */
const active = /[\\`*_{}[\]<>|~&$^"']|[@#]|:(?=\/\/)|www(?=\.)/gi;

/**
 * Text as one line of plain Markdown. Active characters become numeric entities, which no parser takes for syntax and no
 * table for a border; an empty comment keeps hosts from seeing mentions, issue numbers and addresses in it.
 */
export function inline(text: string): string {
  return visible(text)
    .replace(active, (found) => (/[@#:w]/i.test(found) ? `${found}<!-- -->` : `&#${found.charCodeAt(0)};`))
    .replace(/^(\s*)([-+#=]|\d+(?=[.)]))/, '$1<!-- -->$2')
    .replace(/\s*\n\s*/g, ' ↵ ');
}

/** A longer text as a fenced block, verbatim but for unseen characters. The fence is longer than any run of backticks in it. */
export function block(text: string): string {
  const shown = visible(text);
  const longest = Math.max(2, ...Array.from(shown.matchAll(/`+/g), ([run]) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}text\n${shown}\n${fence}`;
}

/** A table of cells that are Markdown already; columns named `>…` are aligned right. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    line(heads.map((head) => head.replace(/^>/, ''))),
    line(heads.map((head) => (head.startsWith('>') ? '---:' : '---'))),
    ...rows.map(line),
  ].join('\n');
}
