import { describe, expect, test } from 'vitest';
import { isVNode } from 'vue';
import { markdownBlocks, markdownNodes } from '../../src-renderer/format/markdown.ts';

/** Tags and properties of everything that a text becomes, and its words. */
function drawn(source: string) {
  const [tags, properties, words] = [new Set<string>(), new Set<string>(), [] as string[]];
  const walk = (node: unknown): void => {
    if (Array.isArray(node)) return node.forEach(walk);
    if (typeof node === 'string') return void words.push(node);
    if (!isVNode(node)) return;
    tags.add(typeof node.type === 'string' ? node.type : 'component');
    for (const name of Object.keys(node.props ?? {})) properties.add(name);
    walk(node.children);
  };
  for (const block of markdownBlocks(source)) walk(markdownNodes(block, (run) => [run]));
  return { tags: [...tags].sort(), properties: [...properties].sort(), text: words.join('') };
}

describe('Markdown of a model', () => {
  test('becomes nodes of the page', () => {
    expect(drawn('# Plan\n\n1. *mix*\n2. bake\n\n`40 °C` and $x^2$').tags).toEqual(['code', 'em', 'li', 'ol', 'p']);
  });

  test.each([
    '<img src="https://example.org/x.png" onerror="alert(1)">',
    '<script>alert(1)</script>',
    '![a cat](https://example.org/cat.png)',
    '[click](javascript:alert(1))',
    '[click](https://example.org "title")',
    '<https://example.org>',
    '```html\n<iframe src="https://example.org"></iframe>\n```',
  ])('fetches and runs nothing: %s', (source) => {
    const { tags, properties } = drawn(source);
    expect(tags.filter((tag) => !['p', 'span', 'pre', 'code'].includes(tag))).toEqual([]);
    expect(properties.filter((name) => !['class', 'title'].includes(name))).toEqual([]);
  });

  test.each(['\\(', '\\[', '$$a', '$x', '*a_', '`a``', '[['])('answers for a text that is all %s', (piece) => {
    expect(drawn(piece.repeat(60_000)).text.length).toBeGreaterThan(60_000);
  });
});
