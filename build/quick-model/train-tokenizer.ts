/**
 * A byte-level BPE tokenizer (GPT-2's pre-tokenizing, any text can be encoded) learnt from the stories, as tokenizer.json.
 * Ties between equally frequent pairs go to the pair that sorts first, so the same text gives the same tokenizer.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const specialTokens = ['<s>', '</s>'];
const wordPattern = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;

/** GPT-2's printable stand-in for each byte. */
function byteCharacters(): string[] {
  const printable = (byte: number): boolean =>
    (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, byte) => String.fromCodePoint(printable(byte) ? byte : next++));
}

interface Word {
  pieces: string[];
  count: number;
}

function countWords(text: string, characters: string[]): Word[] {
  const counts = new Map<string, number>();
  for (const match of text.matchAll(wordPattern)) counts.set(match[0], (counts.get(match[0]) ?? 0) + 1);
  const encoder = new TextEncoder();
  return [...counts].map(([word, count]) => ({
    pieces: Array.from(encoder.encode(word), (byte) => characters[byte] ?? ''),
    count,
  }));
}

function mostFrequentPair(words: Word[]): [string, string] | null {
  const counts = new Map<string, number>();
  for (const { pieces, count } of words) {
    for (let i = 0; i + 1 < pieces.length; i++) {
      const pair = `${pieces[i]} ${pieces[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + count);
    }
  }
  let best: string | null = null;
  let bestCount = 1;
  for (const [pair, count] of counts) {
    if (count > bestCount || (count === bestCount && best !== null && pair < best)) [best, bestCount] = [pair, count];
  }
  if (best === null) return null;
  const [left = '', right = ''] = best.split(' ');
  return [left, right];
}

function mergePair(words: Word[], left: string, right: string): void {
  for (const word of words) {
    for (let i = 0; i + 1 < word.pieces.length; i++) {
      if (word.pieces[i] === left && word.pieces[i + 1] === right) word.pieces.splice(i, 2, left + right);
    }
  }
}

/** Answers the content of tokenizer.json with `vocabSize` entries (fewer when the text runs out of pairs). */
export function trainTokenizer(text: string, vocabSize: number): Record<string, unknown> {
  const characters = byteCharacters();
  const tokens = [...specialTokens, ...characters];
  const words = countWords(text, characters);
  const merges: [string, string][] = [];
  while (tokens.length < vocabSize) {
    const pair = mostFrequentPair(words);
    if (pair === null) break;
    mergePair(words, ...pair);
    merges.push(pair);
    tokens.push(pair.join(''));
  }
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true };
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: specialTokens.map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '<s>', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } }],
      pair: [
        { SpecialToken: { id: '<s>', type_id: 0 } },
        { Sequence: { id: 'A', type_id: 0 } },
        { Sequence: { id: 'B', type_id: 0 } },
      ],
      special_tokens: { '<s>': { id: '<s>', ids: [0], tokens: ['<s>'] } },
    },
    decoder: byteLevel,
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges,
    },
  };
}

/** Stories as `{text}` a line → tokenizer.json. */
export function trainTokenizerFromStories(storiesPath: string, outPath: string, vocabSize: number): void {
  const stories = readFileSync(storiesPath, 'utf8').trim().split('\n');
  const text = stories.map((line) => (JSON.parse(line) as { text: string }).text).join('\n');
  writeFileSync(outPath, JSON.stringify(trainTokenizer(text, vocabSize)));
}
