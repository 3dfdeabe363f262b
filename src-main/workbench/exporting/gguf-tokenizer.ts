import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { GgufValue } from './gguf-file.ts';

/** What the files of a Hugging Face tokenizer say, as far as GGUF has a place for it. */
export interface TokenizerFiles {
  tokenizer: unknown;
  config: Record<string, unknown>;
  chatTemplate: string | null;
}

const normal = 1;
const unknown = 2;
const control = 3;
const userDefined = 4;
const unused = 5;
const byte = 6;

const tokenizerSchema = z.looseObject({
  model: z.looseObject({
    type: z.string(),
    vocab: z.record(z.string(), z.number()),
    merges: z.array(z.union([z.string(), z.array(z.string()).length(2)])).default([]),
    byte_fallback: z.boolean().nullish(),
    unk_token: z.string().nullish(),
  }),
  added_tokens: z.array(z.looseObject({ id: z.number(), content: z.string(), special: z.boolean() })).default([]),
  normalizer: z.unknown(),
  pre_tokenizer: z.unknown(),
  post_processor: z.unknown(),
});
type Tokenizer = z.output<typeof tokenizerSchema>;

/** llama.cpp knows ways to cut a text into words by name; the patterns of tokenizer.json they stand for. */
const wordPatterns: readonly [name: string, pattern: string][] = [
  [
    'qwen2',
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  ],
  [
    'llama-bpe',
    String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  ],
];

/** `tokenizer.ggml.…`: tokens, merges or scores, special tokens and the chat template, for a vocabulary of `size`. */
export function tokenizerMetadata(
  files: TokenizerFiles,
  size: number,
  eosTokenIds: readonly number[],
): Map<string, GgufValue> {
  const tokenizer = tokenizerSchema.parse(files.tokenizer);
  if (tokenizer.model.type !== 'BPE') throw unsupported(`a tokenizer of type “${tokenizer.model.type}”`);
  const { tokens, types } = vocabularyOf(tokenizer, size);
  const metadata = new Map<string, GgufValue>();
  const set = (key: string, value: GgufValue) => metadata.set(`tokenizer.ggml.${key}`, value);
  const words = JSON.stringify(tokenizer.pre_tokenizer ?? null);
  const byBytes = words.includes('"ByteLevel"');
  set('model', { kind: 'text', value: byBytes ? 'gpt2' : 'llama' });
  set('pre', { kind: 'text', value: byBytes ? wordsName(tokenizer.pre_tokenizer) : 'default' });
  set('tokens', { kind: 'texts', values: tokens });
  set('token_type', { kind: 'i32s', values: types });
  const merges = tokenizer.model.merges.map((merge) => (typeof merge === 'string' ? merge : merge.join(' ')));
  if (byBytes) set('merges', { kind: 'texts', values: merges });
  else {
    set('scores', { kind: 'f32s', values: scoresOf(tokens, merges) });
    const prepends = /"Prepend"|"prepend_scheme":"(first|always)"/.test(
      JSON.stringify(tokenizer.normalizer ?? null) + words,
    );
    set('add_space_prefix', { kind: 'bool', value: prepends });
  }
  for (const [key, id] of specialTokens(files.config, tokens, eosTokenIds, tokenizer))
    set(key, { kind: 'u32', value: id });
  set('add_bos_token', { kind: 'bool', value: beginsWithBos(files.config, tokenizer) });
  if (files.chatTemplate !== null) metadata.set('tokenizer.chat_template', { kind: 'text', value: files.chatTemplate });
  return metadata;
}

function vocabularyOf({ model, added_tokens: added }: Tokenizer, size: number): { tokens: string[]; types: number[] } {
  const tokens = Array.from({ length: size }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(size).fill(unused);
  const put = (id: number, content: string, type: number) => {
    if (id >= size) return;
    tokens[id] = content;
    types[id] = type;
  };
  for (const [content, id] of Object.entries(model.vocab)) {
    put(id, content, model.byte_fallback === true && /^<0x[0-9A-F]{2}>$/.test(content) ? byte : normal);
  }
  for (const { id, content, special } of added) put(id, content, special ? control : userDefined);
  const unknownId =
    model.unk_token === null || model.unk_token === undefined ? undefined : model.vocab[model.unk_token];
  if (unknownId !== undefined && model.byte_fallback === true) types[unknownId] = unknown;
  return { tokens, types };
}

/** SentencePiece joins the pair with the highest score first: the order of the merges. */
function scoresOf(tokens: readonly string[], merges: readonly string[]): number[] {
  const ranks = new Map<string, number>();
  merges.forEach((merge, rank) => {
    const whole = merge.replace(' ', '');
    if (!ranks.has(whole)) ranks.set(whole, rank);
  });
  return tokens.map((token) => -(ranks.get(token) ?? (ranks.size > 0 ? ranks.size : 0)));
}

function wordsName(preTokenizer: unknown): string {
  const text = JSON.stringify(preTokenizer);
  const found = wordPatterns.find(([, pattern]) => text.includes(JSON.stringify(pattern)));
  if (found !== undefined) return found[0];
  if (text.includes('"Split"')) throw unsupported('a tokenizer that cuts words by a pattern of its own');
  if (text.includes('"Digits"') && text.includes('"individual_digits":true')) return 'smollm';
  return 'gpt-2';
}

function specialTokens(
  config: Record<string, unknown>,
  tokens: readonly string[],
  eosTokenIds: readonly number[],
  { model }: Tokenizer,
): [string, number][] {
  const named = (field: string) => {
    const value = config[field];
    const content = typeof value === 'object' && value !== null ? (value as { content?: unknown }).content : value;
    const id = typeof content === 'string' ? tokens.indexOf(content) : -1;
    return id < 0 ? undefined : id;
  };
  const eos = named('eos_token') ?? eosTokenIds[0];
  const found: [string, number | undefined][] = [
    ['bos_token_id', named('bos_token')],
    ['eos_token_id', eos],
    ['eot_token_id', eosTokenIds.find((id) => id !== eos)],
    ['unknown_token_id', named('unk_token') ?? (model.unk_token == null ? undefined : model.vocab[model.unk_token])],
    ['padding_token_id', named('pad_token')],
  ];
  return found.filter((entry): entry is [string, number] => entry[1] !== undefined);
}

function beginsWithBos(config: Record<string, unknown>, { post_processor: after }: Tokenizer): boolean {
  if (typeof config['add_bos_token'] === 'boolean') return config['add_bos_token'];
  const { bos_token: bos } = config;
  const content = typeof bos === 'object' && bos !== null ? (bos as { content?: unknown }).content : bos;
  if (typeof content !== 'string') return false;
  const single = /"single":\[\{"SpecialToken":\{"id":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(after ?? null))?.[1];
  return single !== undefined && JSON.parse(single) === content;
}

function unsupported(what: string): WorkbenchError {
  return new WorkbenchError('unsupported', `GGUF export: ${what} is not supported.`, {
    remedy: 'Export as safetensors and convert it with llama.cpp’s convert_hf_to_gguf.py.',
    place: { file: 'tokenizer.json' },
  });
}
