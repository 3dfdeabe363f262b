import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, it } from 'vitest';
import { readChatTemplate } from '../../../src-main/engine/tokenizer/chat-template.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

const asset = (...parts: string[]) => path.join(import.meta.dirname, '..', '..', 'assets', 'tokenizers', ...parts);
const folderWith = (files: Record<string, string>, name = 'gpt2') =>
  new MemoryFolder({ 'tokenizer.json': readFileSync(asset(name, 'tokenizer.json'), 'utf8'), ...files }, 'some-model');

describe('a tokenizer', () => {
  it('knows its special tokens, written as text or as objects', async () => {
    const config = {
      bos_token: { content: '<|endoftext|>', lstrip: false },
      eos_token: '<|endoftext|>',
      pad_token: null,
    };
    const tokenizer = await loadTokenizer(folderWith({ 'tokenizer_config.json': JSON.stringify(config) }));
    const { bosTokenId, eosTokenId, padTokenId } = tokenizer;
    expect({ bosTokenId, eosTokenId, padTokenId }).toEqual({ bosTokenId: 0, eosTokenId: 0, padTokenId: null });
  });

  it('shows single tokens as they read in a text', async () => {
    const tokenizer = await loadTokenizer(openFolder(asset('llama2')));
    const text = 'Once upon a time, there was a little girl';
    const ids = tokenizer.encode(text, { specialTokens: false });
    expect(ids.map((id) => tokenizer.tokenText(id)).join('')).toBe(` ${text}`);
    expect(tokenizer.tokenText(tokenizer.eosTokenId!)).toBe('</s>');
  });

  it('decodes nothing to nothing', async () => {
    expect((await loadTokenizer(folderWith({}))).decode([])).toBe('');
  });

  it.each([
    ['is missing', new MemoryFolder({}, 'some-model'), 'unsupported', /some-model holds no tokenizer\.json/],
    ['is not JSON', folderWith({ 'tokenizer.json': '{' }), 'bad-input', /tokenizer\.json is not JSON/],
    ['is a list', folderWith({ 'tokenizer.json': '[]' }), 'bad-input', /not a JSON object/],
    ['has no model', folderWith({ 'tokenizer.json': '{}' }), 'unsupported', /tokenizer\.json cannot be used/],
  ])('whose tokenizer.json %s is refused', async (_, folder, code, message) => {
    await expect(loadTokenizer(folder)).rejects.toMatchObject({ code, message: expect.stringMatching(message) });
  });
});

describe('a chat template', () => {
  it('comes from its own file first, then by the name default', () => {
    const named = [
      { name: 'tool_use', template: 'T' },
      { name: 'default', template: 'D' },
    ];
    expect(readChatTemplate('F', 'C')).toBe('F');
    expect(readChatTemplate(null, 'C')).toBe('C');
    expect(readChatTemplate(null, named)).toBe('D');
    expect(readChatTemplate(null, named.slice(0, 1))).toBe('T');
    expect(readChatTemplate(null, undefined)).toBeNull();
  });

  it('that is not there is named when it is needed', async () => {
    const tokenizer = await loadTokenizer(folderWith({}));
    expect(tokenizer.hasChatTemplate).toBe(false);
    expect(() => tokenizer.renderChat([{ role: 'user', content: 'Hi' }])).toThrow(/some-model has no chat template/);
  });

  it('hands on its own refusal', async () => {
    const tokenizer = await loadTokenizer(openFolder(asset('mistral')));
    const render = () => tokenizer.renderChat([{ role: 'assistant', content: 'Hi' }]);
    expect(render).toThrow(/refused the messages: .*Roles must alternate/);
  });

  it('that cannot be read is refused', async () => {
    const tokenizer = await loadTokenizer(folderWith({ 'chat_template.jinja': '{% for %}' }));
    expect(() => tokenizer.renderChat([])).toThrow(/the chat template of some-model refused/);
  });
});
