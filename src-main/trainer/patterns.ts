import { WorkbenchError } from '../shared/domain/errors.ts';
import { loadTokenizer } from '../engine/tokenizer/tokenizer.ts';
import type { Tokenizer } from '../engine/tokenizer/tokenizer.ts';
import type { FolderReader } from '../engine/ports.ts';
import { OutOfTime, within } from '../system/deadline.ts';

/** Enough for any pattern that is meant to be tried on an answer. */
const patternMs = 500;
/** Enough for any way of cutting a text: a million characters take about a second. */
const tokenizerMs = 3000;
const tokenizerMsPerCharacter = 0.01;

/** Tries a pattern that came with somebody's suite. Null when the time was up. */
export function testPattern(pattern: RegExp, text: string): boolean | null {
  try {
    return within(patternMs, () => pattern.test(text));
  } catch (error) {
    if (error instanceof OutOfTime) return null;
    throw error;
  }
}

/**
 * A model's tokenizer as the trainer uses it: where its `tokenizer.json` brings patterns of its own, each text has a time limit,
 * since such a pattern can backtrack without end.
 */
export function openTokenizer(reader: FolderReader): Promise<Tokenizer> {
  return loadTokenizer(reader, (characters, work) => {
    try {
      return within(tokenizerMs + characters * tokenizerMsPerCharacter, work);
    } catch (error) {
      if (!(error instanceof OutOfTime)) throw error;
      throw new WorkbenchError(
        'unsupported',
        `The patterns of ${reader.label}/tokenizer.json take too long on a text of ${characters} characters: they backtrack without end.`,
        {
          remedy: 'Use the tokenizer.json that the model was published with; this one has been altered.',
          place: { file: 'tokenizer.json' },
          cause: error,
        },
      );
    }
  });
}
