/** A fenced block of a Markdown page. `line` is the fence's, from 1; `settings` are the `name=value` words behind the language. */
export interface FencedBlock {
  language: string;
  settings: Record<string, string>;
  text: string;
  line: number;
}

export function fencedBlocks(markdown: string): FencedBlock[] {
  const lines = markdown.split('\n');
  const blocks: FencedBlock[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const info = /^```(\S.*)?$/.exec(lines[at] ?? '');
    if (info === null) continue;
    const end = lines.indexOf('```', at + 1);
    if (end === -1) throw new Error(`the block of line ${at + 1} has no end`);
    const [language = '', ...words] = (info[1] ?? '').split(/\s+/);
    const settings = Object.fromEntries(words.map((word) => word.split('=', 2) as [string, string]));
    blocks.push({ language, settings, text: lines.slice(at + 1, end).join('\n'), line: at + 1 });
    at = end;
  }
  return blocks;
}
