import { writeFileSync } from 'node:fs';
import path from 'node:path';

const specials = ['<pad>', '<s>', '</s>'];
const characters = [...'abcdefghijklmnopqrstuvwxyz \n.,!?:<>/-\'"|01234'];
/** As byte-level BPE writes them. */
const written: Readonly<Record<string, string>> = { ' ': 'Ġ', '\n': 'Ċ' };

/** A turn as `<role>content` on a line of its own; the prompt of an answer ends with `<assistant>`. */
export const turnTemplate =
  "{{ bos_token }}{% for m in messages %}{{ '<' + m.role + '>' + m.content + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<assistant>' }}{% endif %}";

/** Writes a tokenizer of 48 tokens next to a tiny model: one for each lower-case character, with a chat template. */
export function writeCharacterTokenizer(folder: string): void {
  const vocab = Object.fromEntries([...specials, ...characters].map((text, id) => [written[text] ?? text, id]));
  const tokenizer = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specials.map((content, id) => ({
      ...{ id, content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true },
    })),
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: {
      ...{ type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null },
      ...{ fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab, merges: [] },
    },
  };
  const config = {
    ...{ tokenizer_class: 'PreTrainedTokenizerFast', bos_token: '<s>', eos_token: '</s>', pad_token: '<pad>' },
    chat_template: turnTemplate,
  };
  writeFileSync(path.join(folder, 'tokenizer.json'), JSON.stringify(tokenizer));
  writeFileSync(path.join(folder, 'tokenizer_config.json'), JSON.stringify(config));
}
