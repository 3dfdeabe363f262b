import MarkdownIt from 'markdown-it';
import { h } from 'vue';
import type { VNode, VNodeArrayChildren } from 'vue';

type Token = ReturnType<InstanceType<typeof MarkdownIt>['parse']>[number];

const formula = /^(?:\$\$[\s\S]+?\$\$|\\\([\s\S]+?\\\)|\\\[[\s\S]+?\\\]|\$(?=\S)[^$\n]*?[^\s$]\$(?!\d))/;
/** In characters. A text of openings that never close is looked at so far from each of them, and not to its end. */
const longestFormula = 2000;

/**
 * Markdown of models as nodes of the page. Nothing is ever handed to the browser as HTML: tags in the text are text, pictures are their
 * names, links show where they would lead and lead nowhere, so nothing is fetched and nothing can run.
 */
const parser = new MarkdownIt({ html: false, linkify: false, breaks: true });
// A backslash before a bracket begins a formula before it escapes the bracket.
parser.inline.ruler.before('escape', 'formula', (state, silent) => {
  if (!/[$\\]/.test(state.src.charAt(state.pos))) return false;
  const found = formula.exec(state.src.slice(state.pos, Math.min(state.posMax, state.pos + longestFormula)));
  if (found === null) return false;
  if (!silent) state.push('formula', '', 0).content = found[0];
  state.pos += found[0].length;
  return true;
});

/** A block of the top level: its source, by which blocks of two texts are matched, and its tokens. */
export interface MarkdownBlock {
  source: string;
  tokens: Token[];
  /** Where its source begins and ends in the text. */
  from: number;
  to: number;
}

/** Deeper and longer than any answer; what is beyond is shown as it stands. */
const mostCharacters = 50_000;

export function markdownBlocks(text: string): MarkdownBlock[] {
  const lines = text.split('\n');
  const blocks: MarkdownBlock[] = [];
  let open: Token[] = [];
  const starts = lineStarts(lines);
  for (const token of parser.parse(text.slice(0, mostCharacters), {})) {
    open.push(token);
    if (token.level === 0 && token.nesting !== 1) {
      const [from, to] = open.find(({ map }) => map !== null)?.map ?? [0, 0];
      blocks.push({
        source: lines.slice(from, to).join('\n').trimEnd(),
        tokens: open,
        from: starts[from] ?? 0,
        to: starts[to] ?? text.length,
      });
      open = [];
    }
  }
  if (text.length > mostCharacters)
    blocks.push({ source: text.slice(mostCharacters), tokens: [], from: mostCharacters, to: text.length });
  return blocks;
}

function lineStarts(lines: readonly string[]): number[] {
  const starts: number[] = [0];
  for (const line of lines) starts.push((starts.at(-1) ?? 0) + line.length + 1);
  return starts;
}

/** Tags that tokens of the parser have, and no other. */
const tags = new Set(
  'p h1 h2 h3 h4 h5 h6 ul ol li blockquote table thead tbody tr th td strong em s hr br code pre'.split(' '),
);

/** `text` renders each run of text, such as with hits of a search marked. */
export function markdownNodes(block: MarkdownBlock, text: (run: string) => VNodeArrayChildren): VNode[] {
  if (block.tokens.length === 0) return [h('p', { class: 'imported-text' }, text(block.source))];
  return nodesOf(block.tokens, text);
}

function nodesOf(tokens: readonly Token[], text: (run: string) => VNodeArrayChildren): VNode[] {
  const stack: { node: (children: VNodeArrayChildren) => VNode; children: VNodeArrayChildren }[] = [];
  const done: VNodeArrayChildren = [];
  function put(...nodes: VNodeArrayChildren): void {
    (stack.at(-1)?.children ?? done).push(...nodes);
  }
  for (const token of tokens) {
    if (token.nesting === 1) stack.push({ node: opened(token), children: [] });
    else if (token.nesting === -1) {
      const top = stack.pop();
      if (top !== undefined) put(top.node(top.children));
    } else put(...leaf(token, text));
  }
  return done as VNode[];
}

function opened(token: Token): (children: VNodeArrayChildren) => VNode {
  if (token.type === 'link_open') {
    const target = token.attrGet('href') ?? '';
    return (children) => h('span', { class: 'link', title: target }, children);
  }
  const tag = tags.has(token.tag) ? token.tag : 'span';
  const start = token.tag === 'ol' ? Number(token.attrGet('start') ?? 1) : undefined;
  const centred = /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''))?.[1];
  // Headings of an answer are no headings of the page.
  if (/^h\d$/.test(tag)) return (children) => h('p', { class: `heading ${tag}` }, children);
  return (children) =>
    h(
      tag,
      { ...(start === undefined ? {} : { start }), ...(centred === undefined ? {} : { class: `align-${centred}` }) },
      children,
    );
}

function leaf(token: Token, text: (run: string) => VNodeArrayChildren): VNodeArrayChildren {
  switch (token.type) {
    case 'inline':
      return nodesOf(token.children ?? [], text);
    case 'fence':
    case 'code_block':
      return [h('pre', {}, [h('code', { title: token.info.trim() || undefined }, text(token.content))])];
    case 'code_inline':
      return [h('code', {}, text(token.content))];
    case 'formula':
      return [h('code', { class: 'formula' }, text(token.content))];
    case 'image':
      return [h('span', { class: 'picture', title: token.attrGet('src') ?? '' }, text(`[picture: ${token.content}]`))];
    case 'hr':
      return [h('hr')];
    case 'softbreak':
    case 'hardbreak':
      return [h('br')];
    default:
      return text(token.content);
  }
}
