/** Parts of one line of YAML by what they look like; good enough for colours, the parser decides what it means. */
export interface CodePart {
  kind: 'key' | 'comment' | 'number' | 'word' | 'string' | 'plain';
  text: string;
}
const pattern =
  /(?<comment>(?:^|(?<=\s))#.*$)|(?<key>[\w$./-]+(?=\s*:(?:\s|$)))|(?<string>"(?:[^"\\]|\\.)*"|'[^']*')|(?<number>(?<![\w.-])-?\d+(?:\.\d+)?(?:e[+-]?\d+)?(?![\w.-]))|(?<word>\b(?:true|false|null)\b)/gi;

export function highlightYaml(line: string): CodePart[] {
  const parts: CodePart[] = [];
  let at = 0;
  for (const match of line.matchAll(pattern)) {
    if (match.index > at) parts.push({ kind: 'plain', text: line.slice(at, match.index) });
    const kind = (['comment', 'key', 'string', 'number', 'word'] as const).find(
      (name) => match.groups?.[name] !== undefined,
    );
    parts.push({ kind: kind ?? 'plain', text: match[0] });
    at = match.index + match[0].length;
  }
  if (at < line.length) parts.push({ kind: 'plain', text: line.slice(at) });
  return parts;
}
