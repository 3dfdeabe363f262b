import { Tokenizer as TokenizerModel } from '@huggingface/tokenizers';
import type { Message } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { readJson, tokenizerRemedy } from '../checkpoint/model-files.ts';
import type { FolderReader } from '../ports.ts';
import { ChatTemplate, readChatTemplate } from './chat-template.ts';
import { hasOwnPatterns } from './known-patterns.ts';

/** Runs work on a text of this many characters that may never end by itself; throws if it does not. */
type Bounded = <T>(characters: number, work: () => T) => T;
const unbounded: Bounded = (_characters, work) => work();

/** `tools`: what the conversation may call, for templates that render it. */
export interface ChatOptions {
  addGenerationPrompt?: boolean;
  tools?: readonly unknown[] | undefined;
}

/** Text to token ids and back, equal to what transformers' AutoTokenizer returns for the same folder. */
export interface Tokenizer {
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  /** The configured padding token; training pads on the right and masks, so any id would do there. */
  readonly padTokenId: number | null;
  readonly hasChatTemplate: boolean;
  /** tokenizer.json and what else decides the ids, for content hashes of caches. */
  readonly fingerprintSource: string;
  /** `specialTokens` (default true): BOS and the like as the tokenizer's post-processor adds them. */
  encode(text: string, options?: { specialTokens?: boolean }): number[];
  /** `skipSpecialTokens` defaults to true. */
  decode(ids: readonly number[], options?: { skipSpecialTokens?: boolean }): string;
  /** The turns as the model's template writes them; special tokens stand in the text, so encode it without adding any. */
  renderChat(messages: readonly Message[], options?: ChatOptions): string;
  /** `renderChat` encoded, as transformers' `apply_chat_template(…, tokenize=True)`. */
  encodeChat(messages: readonly Message[], options?: ChatOptions): number[];
  /** One token as it reads in a text (`▁the` → ` the`), for token-by-token views. */
  tokenText(id: number): string;
}

interface TokenizerFiles {
  tokenizer: Record<string, unknown>;
  config: Record<string, unknown>;
  /** chat_template.jinja, if the folder has that file. */
  template: string | null;
}

/**
 * Reads tokenizer.json, tokenizer_config.json and chat_template.jinja of a Hugging Face folder. `bounded` runs what the tokenizer's own
 * patterns do, if they are not those of a model family: strangers' files are opened with one.
 */
export async function loadTokenizer(reader: FolderReader, bounded: Bounded = unbounded): Promise<Tokenizer> {
  const files = await reader.list();
  if (!files.includes('tokenizer.json')) {
    throw new WorkbenchError('unsupported', `${reader.label} holds no tokenizer.json`, {
      remedy: tokenizerRemedy,
      place: { file: 'tokenizer.json' },
    });
  }
  const object = async (file: string) =>
    files.includes(file) ? asObject(await readJson(reader, file), reader, file) : {};
  return createTokenizer(
    {
      tokenizer: await object('tokenizer.json'),
      config: await object('tokenizer_config.json'),
      template: files.includes('chat_template.jinja') ? await reader.readText('chat_template.jinja') : null,
    },
    reader.label,
    bounded,
    (await object('config.json'))['vocab_size'],
  );
}

function asObject(value: unknown, reader: FolderReader, file: string): Record<string, unknown> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new WorkbenchError('bad-input', `${reader.label}/${file} is not a JSON object`, { place: { file } });
}

/** `rows` of the embedding that the ids are for, where that is known: a token beyond them is refused, since it has no vector. */
export function createTokenizer(
  files: TokenizerFiles,
  label: string,
  bounded: Bounded = unbounded,
  rows?: unknown,
): Tokenizer {
  const run = hasOwnPatterns(files.tokenizer) ? bounded : unbounded;
  const model = run(0, () => buildModel(files, label));
  const special = (name: string) => specialToken(files.config[name]);
  const idOf = (token: string | null) => (token === null ? null : (model.token_to_id(token) ?? null));
  const source = readChatTemplate(files.template, files.config['chat_template']);
  let template: ChatTemplate | null = null;
  // Suites of words ask for every token of every text.
  const texts = new Map<number, string>();
  const encode = (text: string, specialTokens: boolean) => {
    const { ids } = run(text.length, () => model.encode(text, { add_special_tokens: specialTokens }));
    const beyond = typeof rows === 'number' ? ids.find((id) => id >= rows) : undefined;
    if (beyond !== undefined) throw beyondEmbedding(label, model.id_to_token(beyond), beyond, Number(rows));
    return ids;
  };

  const tokenizer: Tokenizer = {
    bosTokenId: idOf(special('bos_token')),
    eosTokenId: idOf(special('eos_token')),
    padTokenId: idOf(special('pad_token')),
    hasChatTemplate: source !== null,
    fingerprintSource: JSON.stringify(files),
    encode: (text, options = {}) => encode(text, options.specialTokens ?? true),
    decode: (ids, options = {}) =>
      ids.length === 0
        ? ''
        : run(ids.length, () =>
            model.decode([...ids], {
              skip_special_tokens: options.skipSpecialTokens ?? true,
              // A repair for word pieces; of byte pairs it would delete blanks that are there (transformers never does it to these).
              clean_up_tokenization_spaces: cleansUp(files),
            }),
          ),
    renderChat: (messages, options = {}) => {
      if (source === null) throw noTemplate(label);
      template ??= new ChatTemplate(
        source,
        {
          bos_token: special('bos_token'),
          eos_token: special('eos_token'),
          pad_token: special('pad_token'),
          unk_token: special('unk_token'),
        },
        label,
      );
      return template.render(messages, options);
    },
    encodeChat: (messages, options) => encode(tokenizer.renderChat(messages, options), false),
    tokenText: (id) => {
      const text = texts.get(id) ?? run(0, () => tokenTextOf(model, id));
      texts.set(id, text);
      return text;
    },
  };
  return tokenizer;
}

function beyondEmbedding(label: string, token: string | undefined, id: number, rows: number): WorkbenchError {
  return new WorkbenchError(
    'bad-input',
    `${label}: the tokenizer’s token “${token ?? ''}” (${id}) is beyond the model’s ${rows}: it has no row in the embedding.`,
    {
      remedy:
        'Leave the token out of the texts, or save the model again after resize_token_embeddings(len(tokenizer)).',
      place: { file: 'tokenizer.json', field: 'added_tokens' },
    },
  );
}

function cleansUp({ tokenizer, config }: TokenizerFiles): boolean {
  const isWordPiece = (tokenizer['model'] as { type?: unknown } | undefined)?.type === 'WordPiece';
  return isWordPiece && config['clean_up_tokenization_spaces'] !== false;
}

function buildModel(files: TokenizerFiles, label: string): TokenizerModel {
  try {
    return new TokenizerModel(files.tokenizer, files.config);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new WorkbenchError('unsupported', `${label}/tokenizer.json cannot be used: ${reason}`, {
      place: { file: 'tokenizer.json' },
      cause,
    });
  }
}

/** Special tokens stand in tokenizer_config.json as text or as an object with `content`. */
function specialToken(value: unknown): string | null {
  if (typeof value === 'string') return value;
  const content = (value as { content?: unknown } | null | undefined)?.content;
  return typeof content === 'string' ? content : null;
}

/**
 * Decoders drop the blank at a text's start and join byte tokens, so a token is decoded after another one and the other's text cut off.
 */
function tokenTextOf(model: TokenizerModel, id: number): string {
  const decode = (ids: number[]) =>
    model.decode(ids, { skip_special_tokens: false, clean_up_tokenization_spaces: false });
  const anchor = model.encode('a', { add_special_tokens: false }).ids.slice(-1);
  const [before, both] = [decode(anchor), decode([...anchor, id])];
  return both.startsWith(before) ? both.slice(before.length) : decode([id]);
}

function noTemplate(label: string): WorkbenchError {
  return new WorkbenchError('bad-input', `${label} has no chat template, and the data holds chats`, {
    remedy: 'Use the instruct version of the model, or data whose prompts and responses are plain text.',
    place: { file: 'tokenizer_config.json', field: 'chat_template' },
  });
}
