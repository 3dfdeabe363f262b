import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { PythonTemplate } from '../../../src-main/engine/tokenizer/jinja.ts';

interface Case {
  chat: string;
  tools: boolean;
  prompt: boolean;
  text?: string;
  fails?: true;
}
/** Made by test/golden/jinja/render.py: jinja2 as transformers sets it up. */
const golden = JSON.parse(readFileSync(new URL('../../golden/jinja/golden.json', import.meta.url), 'utf8')) as {
  /** When they were made: some templates print the day they are rendered on. */
  day: string;
  templates: { family: string; crlf: boolean; cases: Case[] }[];
  sources: Record<string, string>;
  chats: Record<string, unknown>;
  tools: unknown;
  expressions: [value: string, expression: string, text: string][];
  blocks: [source: string, text: string][];
};

function render(source: string, items: Record<string, unknown> = {}): string {
  try {
    return new PythonTemplate(source).render(items);
  } catch (error) {
    return `! ${error instanceof Error ? error.message : String(error)}`;
  }
}

describe('templates render what jinja2 renders', () => {
  beforeAll(() => vi.useFakeTimers({ now: new Date(`${golden.day}T12:00:00`), toFake: ['Date'] }));
  afterAll(() => vi.useRealTimers());

  it.each(golden.templates)('$family (CRLF: $crlf)', ({ family, crlf, cases }) => {
    const source = golden.sources[family] ?? '';
    const text = crlf ? source.replaceAll('\n', '\r\n') : source;
    const rendered = cases.map(({ chat, tools, prompt }) =>
      render(text, {
        messages: golden.chats[chat],
        tools: tools ? golden.tools : null,
        documents: null,
        add_generation_prompt: prompt,
        bos_token: '<s>',
        eos_token: '</s>',
      }),
    );
    const fails = rendered.map((one, index) => (cases[index]?.fails === true ? one.startsWith('! ') : one));
    expect(fails).toEqual(cases.map(({ text: wanted, fails: refused }) => (refused === true ? true : wanted)));
  });

  it('expressions', () => {
    const rendered = golden.expressions.map(([value, expression]) => [
      value,
      expression,
      render(`{% set x = ${value} %}{{ ${expression} }}`),
    ]);
    expect(rendered).toEqual(golden.expressions);
  });

  it('blocks, line ends and blanks', () => {
    const messages = golden.chats['tools'];
    expect(golden.blocks.map(([source]) => [source, render(source, { messages })])).toEqual(golden.blocks);
  });
});
