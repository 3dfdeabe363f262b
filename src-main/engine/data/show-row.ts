import type { CompletionRow, DatasetRow, PreferenceRow, UnpairedRow } from '../../shared/domain/datasets.ts';
import type { RowReading, ShownPart, ShownRow, ShownSide, ShownToken } from '../../shared/domain/data/shown-row.ts';
import { assertNever, WorkbenchError } from '../../shared/domain/errors.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';
import { readCompletion, readPreference, readPrompt, readRewardPair, type RowTokenizer } from './tokenise.ts';

export type ShowTokenizer = RowTokenizer & Pick<Tokenizer, 'tokenText'>;

/** One side of a row: whole, and what training takes of it (null if it leaves the row out). */
export interface ReadSide {
  part: ShownPart;
  whole: CompletionSequence;
  taken: CompletionSequence | null;
}

/** The sides of a row as one method reads them, by the functions that training itself calls. */
export function readSides(
  row: DatasetRow,
  tokenizer: RowTokenizer,
  reading: RowReading,
  maxLength: number,
): ReadSide[] {
  switch (reading) {
    case 'dpo':
    case 'reward': {
      const read = reading === 'dpo' ? readPreference : readRewardPair;
      const { whole, taken } = read(pairOf(row, reading), tokenizer, maxLength);
      return [
        { part: 'chosen', whole: whole.chosen, taken: taken?.chosen ?? null },
        { part: 'rejected', whole: whole.rejected, taken: taken?.rejected ?? null },
      ];
    }
    case 'sft':
    case 'sft-all': {
      const options = { maxLength, completionOnly: reading === 'sft' };
      const { whole, taken } = readCompletion(answeredOf(row, reading), tokenizer, options);
      return [{ part: 'completion', whole: whole.completion, taken: taken?.completion ?? null }];
    }
    case 'prompts': {
      const { whole, taken } = readPrompt(row, tokenizer, maxLength);
      return [{ part: 'prompt', whole: whole.prompt, taken: taken?.prompt ?? null }];
    }
    default:
      return assertNever(reading);
  }
}

/** The row token by token, shown as it was read, with marks for what training takes of it. */
export function showRow(row: DatasetRow, tokenizer: ShowTokenizer, reading: RowReading, maxLength: number): ShownRow {
  const sides = readSides(row, tokenizer, reading, maxLength);
  const shown = sides.map((side) => ({ ...side, shown: sideOf(side, tokenizer, reading) }));
  const [first, second] = shown;
  const prompt = first === undefined ? null : promptOf(first.shown, first.whole.from);
  return {
    id: row.id,
    kind: row.kind,
    reading,
    maxLength,
    leftOut: first?.taken === null ? whyLeftOut(reading, maxLength) : null,
    differsAt: first === undefined || second === undefined ? null : firstDifference(first.whole.ids, second.whole.ids),
    ...(prompt === null ? {} : { prompt }),
    ...Object.fromEntries(shown.map(({ part, shown: side }) => [part, side])),
  };
}

function sideOf({ whole, taken }: ReadSide, tokenizer: ShowTokenizer, reading: RowReading): ShownSide {
  const kept = taken?.ids.length ?? 0;
  const tokens = Array.from(whole.ids, (id, index): ShownToken => {
    const special = isSpecial(tokenizer, id);
    return {
      id,
      text: special ? tokenizer.decode([id], { skipSpecialTokens: false }) : tokenizer.tokenText(id),
      loss: taken !== null && hasLoss(taken, index, reading),
      special,
      part: index < whole.from ? 'prompt' : 'response',
      cut: index >= kept,
    };
  });
  return { tokens, length: whole.ids.length, kept };
}

/** The very first token has no prediction, so no loss either; a reward model is scored at the end of the response. */
function hasLoss({ ids, from }: CompletionSequence, index: number, reading: RowReading): boolean {
  if (reading === 'reward') return index === ids.length - 1;
  return index >= Math.max(1, from) && index < ids.length;
}

function promptOf({ tokens, kept }: ShownSide, from: number): ShownSide {
  return { tokens: tokens.slice(0, from), length: from, kept: Math.min(from, kept) };
}

/** What decoding omits when it omits special tokens. */
function isSpecial(tokenizer: ShowTokenizer, id: number): boolean {
  return tokenizer.decode([id]) === '' && tokenizer.decode([id], { skipSpecialTokens: false }) !== '';
}

function firstDifference(left: Int32Array, right: Int32Array): number | null {
  const length = Math.max(left.length, right.length);
  for (let i = 0; i < length; i++) if (left[i] !== right[i]) return i;
  return null;
}

function whyLeftOut(reading: RowReading, maxLength: number): string {
  switch (reading) {
    case 'dpo':
      return `The prompt alone fills the ${maxLength} tokens.`;
    case 'reward':
      return `A response is longer than ${maxLength} tokens, and a reward model is never trained on a cut one.`;
    case 'sft':
    case 'sft-all':
      return `Nothing to learn from is left within ${maxLength} tokens.`;
    case 'prompts':
      return `The prompt leaves no room for a response within ${maxLength} tokens.`;
    default:
      return assertNever(reading);
  }
}

function pairOf(row: DatasetRow, reading: RowReading): PreferenceRow {
  if (row.kind === 'preference') return row;
  throw wrongKind(row, reading, 'preference');
}

function answeredOf(row: DatasetRow, reading: RowReading): CompletionRow | UnpairedRow | PreferenceRow {
  if (row.kind !== 'prompt') return row;
  throw wrongKind(row, reading, 'completion');
}

function wrongKind(row: DatasetRow, reading: RowReading, wanted: string): WorkbenchError {
  return new WorkbenchError(
    'bad-input',
    `“${reading}” reads ${wanted} rows, and row “${row.id}” is a ${row.kind} row.`,
    {
      place: { field: 'as' },
    },
  );
}
