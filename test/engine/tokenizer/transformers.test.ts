import { readdirSync, readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import type { Message } from '../../../src-main/shared/domain/datasets.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';

/** What transformers answered for a small tokeniser of each kind (test/golden/tokenizers/record.py). */
interface Golden {
  texts: { text: string; ids: number[]; plainIds: number[]; decoded: string; decodedAll: string }[];
  chats: { messages: Message[]; prompt: boolean; text: string; ids: number[] }[];
}

const assets = path.join(import.meta.dirname, '..', '..', 'assets', 'tokenizers');

describe.each(readdirSync(assets))('the %s tokeniser answers as transformers does', (name) => {
  const golden = JSON.parse(readFileSync(path.join(assets, name, 'golden.json'), 'utf8')) as Golden;
  const load = () => loadTokenizer(openFolder(path.join(assets, name)));

  it('encodes, with special tokens and without', async () => {
    const tokenizer = await load();
    const found = golden.texts.map(({ text }) => ({
      text,
      ids: tokenizer.encode(text),
      plainIds: tokenizer.encode(text, { specialTokens: false }),
    }));
    expect(found).toEqual(golden.texts.map(({ text, ids, plainIds }) => ({ text, ids, plainIds })));
  });

  it('decodes, with special tokens and without', async () => {
    const tokenizer = await load();
    const found = golden.texts.map(({ text, ids }) => ({
      text,
      decoded: tokenizer.decode(ids),
      decodedAll: tokenizer.decode(ids, { skipSpecialTokens: false }),
    }));
    expect(found).toEqual(golden.texts.map(({ text, decoded, decodedAll }) => ({ text, decoded, decodedAll })));
  });

  it('renders and encodes chats', async () => {
    const tokenizer = await load();
    expect(tokenizer.hasChatTemplate).toBe(golden.chats.length > 0);
    const found = golden.chats.map(({ messages, prompt }) => {
      const options = { addGenerationPrompt: prompt };
      return {
        messages,
        prompt,
        text: tokenizer.renderChat(messages, options),
        ids: tokenizer.encodeChat(messages, options),
      };
    });
    expect(found).toEqual(golden.chats);
  });
});
