/** One entry of a document's outline: a key path of at most three keys, and what is there. */
export interface OutlineEntry {
  path: readonly string[];
  kind: 'object' | 'list-of-objects' | 'list' | 'scalar';
}

const maxKeys = 3;

/**
 * What the beginning of a JSON document shows of its shape: keys of the outer objects, in order. Lists are not entered,
 * but for a look at their first element. The text may end anywhere.
 */
export function outlineJson(head: string): OutlineEntry[] {
  const entries: OutlineEntry[] = [];
  /** One entry per level: the key the level is under, and whether it is an object. */
  const levels: { key: string | null; isObject: boolean }[] = [];
  let key: string | null = null;
  let expectKey = false;
  const keys = (): string[] => [...levels.slice(1).map((level) => level.key ?? ''), key ?? ''];
  const note = (kind: OutlineEntry['kind']): void => {
    // The count first: below the outermost levels nothing is looked at, however deep the text goes.
    if (key === null || levels.length > maxKeys || !levels.every((level) => level.isObject)) return;
    entries.push({ path: keys(), kind });
  };
  for (const token of tokens(head)) {
    const first = token.text[0];
    if (first === '{' || first === '[') {
      note(first === '{' ? 'object' : token.before === '{' ? 'list-of-objects' : 'list');
      levels.push({ key, isObject: first === '{' });
      key = null;
      expectKey = first === '{';
    } else if (first === '}' || first === ']') {
      levels.pop();
      key = null;
      expectKey = false;
    } else if (first === ',') {
      expectKey = levels.at(-1)?.isObject === true;
    } else if (first === '"' && expectKey) {
      key = unquoted(token.text);
      expectKey = false;
    } else if (first !== ':') {
      note('scalar');
      key = null;
    }
  }
  return entries;
}

/** Tokens of a JSON text; `before` is the next visible character, which tells what a list holds. */
function* tokens(text: string): Generator<{ text: string; before: string | undefined }> {
  const pattern = /"(?:[^"\\]|\\[^])*?"|[{}[\],:]|[^\s{}[\],:"]+|"/g;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
    if (match[0] === '"') return; // the text ends inside a string
    yield {
      text: match[0],
      before: match[0] === '[' ? /\S/.exec(text.slice(pattern.lastIndex, pattern.lastIndex + 200))?.[0] : undefined,
    };
  }
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
