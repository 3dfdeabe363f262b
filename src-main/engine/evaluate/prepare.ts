import type { TextOrChat } from '../../shared/domain/datasets.ts';
import { usualFromPosition, usualMinWordLength } from '../../shared/domain/evaluations.ts';
import type { SuiteItem, SuiteSpec } from '../../shared/domain/evaluations.ts';
import { continuation, encodePrompt, joinAll, keepEnd } from '../data/tokenise.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { findWords, type WordPlace } from './words.ts';

export type ItemOf<Kind extends SuiteItem['kind']> = Extract<SuiteItem, { kind: Kind }>;

/** An item with what the model reads: one sequence, or one for each response or option. */
export interface PreparedItem<Item extends SuiteItem = SuiteItem> {
  item: Item;
  sequences: CompletionSequence[];
  /** `words` only. */
  words?: WordPlace[];
}

/**
 * Tokenises one item. Prompt and target are joined by the suite's delimiter and split where the prompt's own tokens
 * end, as lm-evaluation-harness does; responses of `pairs` end with EOS, as in training.
 */
export function prepareItem(
  item: SuiteItem,
  suite: SuiteSpec,
  tokenizer: Tokenizer,
  maxPositions: number,
): PreparedItem {
  const delimiter = suite.delimiter ?? (item.kind === 'pairs' ? '' : ' ');
  switch (item.kind) {
    case 'pairs': {
      const responses = [item.chosen, item.rejected].map((response) => delimited(delimiter, response));
      const sequences = joinAll(tokenizer, item.prompt, responses);
      return { item, sequences: sequences.map((sequence) => keepEnd(sequence, maxPositions)) };
    }
    case 'cloze':
      return {
        item,
        sequences: [keepEnd(continuation(tokenizer, item.prompt, delimiter + item.target), maxPositions)],
      };
    case 'choice':
      return {
        item,
        sequences: item.options.map((option) => {
          const joined =
            typeof item.prompt === 'string'
              ? continuation(tokenizer, item.prompt, delimiter + option)
              : afterChat(tokenizer, item.prompt, option);
          return keepEnd(joined, maxPositions);
        }),
      };
    case 'words': {
      const before = item.prompt === undefined || item.prompt === '' ? '' : item.prompt + delimiter;
      const ids = tokenizer.encode(before + item.text).slice(0, maxPositions);
      const words = findWords(tokenizer, ids, before.length, before + item.text, {
        minLength: suite.minWordLength ?? usualMinWordLength,
        fromPosition: suite.fromPosition ?? usualFromPosition,
      });
      return { item, sequences: [{ ids: Int32Array.from(ids), from: 1 }], words };
    }
    case 'generate':
      return {
        item,
        sequences: [{ ids: Int32Array.from(encodePrompt(tokenizer, item.prompt)).slice(-maxPositions), from: 0 }],
      };
  }
}

function delimited(delimiter: string, response: TextOrChat): TextOrChat {
  return typeof response === 'string' ? delimiter + response : response;
}

/** A chat's generation prompt followed by an option. */
function afterChat(tokenizer: Tokenizer, prompt: TextOrChat, option: string): CompletionSequence {
  const promptIds = encodePrompt(tokenizer, prompt);
  const optionIds = tokenizer.encode(option, { specialTokens: false });
  return { ids: Int32Array.from([...promptIds, ...optionIds]), from: promptIds.length };
}
