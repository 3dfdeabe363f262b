import { messageText } from '../../shared/domain/datasets.ts';
import type {
  CompletionRow,
  Message,
  PreferenceRow,
  PromptRow,
  TextOrChat,
  UnpairedRow,
} from '../../shared/domain/datasets.ts';
import type { CompletionSequence } from '../losses/layout.ts';
import type { Tokenizer } from '../tokenizer/tokenizer.ts';

/** What tokenising rows needs from a tokenizer. */
export type RowTokenizer = Pick<Tokenizer, 'encode' | 'encodeChat' | 'decode' | 'eosTokenId'>;

/** A pair as training reads it: both responses with the prompt in front. */
export interface PreferenceSample {
  id: string;
  chosen: CompletionSequence;
  rejected: CompletionSequence;
  /** y_pre of a guard-set row. */
  guardTarget?: CompletionSequence;
}

export interface CompletionSample {
  id: string;
  sequence: CompletionSequence;
}

export interface PromptSample {
  id: string;
  /** As written, for scorers. */
  prompt: TextOrChat;
  ids: Int32Array;
  target?: string;
}

/** What was kept, and the ids of rows in which the length limit left no token to learn from. */
export interface TokenisedRows<Sample> {
  samples: Sample[];
  dropped: string[];
}

/** A row as a method reads it: whole, and what training takes of it. Used both for showing rows and for training on them. */
export interface ReadRow<Part extends string> {
  /** Every side before truncation; `from` is where its response begins. */
  whole: Record<Part, CompletionSequence>;
  /** What training takes, `from` being the first token with a loss; null if the length limit leaves nothing to learn from. */
  taken: Record<Part, CompletionSequence> | null;
}

/**
 * A pair as TRL's DPOTrainer prepares it: prompt and prompt + response are tokenised separately, the response is what
 * follows the prompt's tokens; EOS ends a plain-text response that lacks it; sequences keep their first `maxLength`
 * tokens, and a row whose prompt alone fills them is dropped.
 */
export function readPreference(
  row: PreferenceRow,
  tokenizer: RowTokenizer,
  maxLength: number,
): ReadRow<'chosen' | 'rejected' | 'guardTarget'> {
  const [chosen, rejected, guardTarget] = guardRowSequences(tokenizer, row, maxLength);
  const whole = { chosen, rejected, guardTarget };
  if (chosen.from >= maxLength) return { whole, taken: null };
  return {
    whole,
    taken: {
      chosen: cut(chosen, maxLength),
      rejected: cut(rejected, maxLength),
      guardTarget: cut(guardTarget, maxLength),
    },
  };
}

export function tokenisePreferences(
  rows: readonly PreferenceRow[],
  tokenizer: RowTokenizer,
  maxLength: number,
): TokenisedRows<PreferenceSample> {
  return keepOrDrop(rows, (row) => {
    const { taken } = readPreference(row, tokenizer, maxLength);
    if (taken === null) return null;
    const { guardTarget, ...sides } = taken;
    return { id: row.id, ...sides, ...(row.guardTarget === undefined ? {} : { guardTarget }) };
  });
}

/** Chosen, rejected and y_pre. A continuation of a text is read as its suite reads it, and loses its beginning if it is too long. */
export function guardRowSequences(
  tokenizer: RowTokenizer,
  { prompt, chosen, rejected, guardTarget = chosen, continues, tools }: PreferenceRow,
  maxLength: number,
): [CompletionSequence, CompletionSequence, CompletionSequence] {
  const responses = [chosen, rejected, guardTarget];
  const sequences =
    continues === true
      ? responses.map((response) => keepEnd(piece(tokenizer, textOf(prompt), textOf(response)), maxLength))
      : joinAll(tokenizer, prompt, responses, tools);
  return sequences as [CompletionSequence, CompletionSequence, CompletionSequence];
}

/** A pair as TRL's RewardTrainer prepares it: one with a response longer than `maxLength` is dropped, never cut. */
export function readRewardPair(
  row: PreferenceRow,
  tokenizer: RowTokenizer,
  maxLength: number,
): ReadRow<'chosen' | 'rejected'> {
  const [chosen, rejected] = joinAll(tokenizer, row.prompt, [row.chosen, row.rejected], row.tools) as [
    CompletionSequence,
    CompletionSequence,
  ];
  const whole = { chosen, rejected };
  return { whole, taken: chosen.ids.length <= maxLength && rejected.ids.length <= maxLength ? whole : null };
}

export function tokeniseRewardPairs(
  rows: readonly PreferenceRow[],
  tokenizer: RowTokenizer,
  maxLength: number,
): TokenisedRows<PreferenceSample> {
  return keepOrDrop(rows, (row) => {
    const { taken } = readRewardPair(row, tokenizer, maxLength);
    return taken === null ? null : { id: row.id, ...taken };
  });
}

/**
 * A prompt–completion row as TRL's SFTTrainer prepares it. `completionOnly` masks the prompt; a row with no token left to learn is dropped.
 * An empty prompt makes the row plain language modelling. For a pair, the chosen response is learned.
 */
export function readCompletion(
  row: CompletionRow | UnpairedRow | PreferenceRow,
  tokenizer: RowTokenizer,
  options: { maxLength: number; completionOnly: boolean },
): ReadRow<'completion'> {
  const response = row.kind === 'preference' ? row.chosen : row.completion;
  const [completion] = joinAll(tokenizer, row.prompt, [response], row.tools) as [CompletionSequence];
  const learnAll = !options.completionOnly || row.prompt.length === 0;
  const taken = cut({ ids: completion.ids, from: learnAll ? 0 : completion.from }, options.maxLength);
  const learns = taken.ids.length > Math.max(1, taken.from);
  return { whole: { completion }, taken: learns ? { completion: taken } : null };
}

export function tokeniseCompletions(
  rows: readonly (CompletionRow | PreferenceRow)[],
  tokenizer: RowTokenizer,
  options: { maxLength: number; completionOnly: boolean },
): TokenisedRows<CompletionSample> {
  return keepOrDrop(rows, (row) => {
    const { taken } = readCompletion(row, tokenizer, options);
    return taken === null ? null : { id: row.id, sequence: taken.completion };
  });
}

/** A prompt for sampling: nothing in it is learned; one that leaves no room for a new token under `maxLength` is dropped. */
export function readPrompt(
  row: PromptRow | PreferenceRow | CompletionRow | UnpairedRow,
  tokenizer: RowTokenizer,
  maxLength: number,
): ReadRow<'prompt'> {
  const ids = Int32Array.from(encodePrompt(tokenizer, row.prompt, row.tools));
  const whole = { prompt: { ids, from: ids.length } };
  return { whole, taken: ids.length >= maxLength ? null : whole };
}

export function tokenisePrompts(
  rows: readonly (PromptRow | PreferenceRow | CompletionRow)[],
  tokenizer: RowTokenizer,
  maxLength: number,
): TokenisedRows<PromptSample> {
  return keepOrDrop(rows, (row) => {
    const { taken } = readPrompt(row, tokenizer, maxLength);
    if (taken === null) return null;
    const target = row.kind === 'prompt' ? row.target : undefined;
    return { id: row.id, prompt: row.prompt, ids: taken.prompt.ids, ...(target === undefined ? {} : { target }) };
  });
}

export function encodePrompt(
  tokenizer: RowTokenizer,
  prompt: TextOrChat,
  tools: readonly unknown[] | undefined = undefined,
): number[] {
  return typeof prompt === 'string'
    ? tokenizer.encode(prompt)
    : tokenizer.encodeChat(prompt, { addGenerationPrompt: true, tools });
}

/** One prompt with several responses; EOS after plain text. */
export function joinAll(
  tokenizer: RowTokenizer,
  prompt: TextOrChat,
  responses: readonly TextOrChat[],
  tools: readonly unknown[] | undefined = undefined,
): CompletionSequence[] {
  const conversational = typeof prompt !== 'string' || responses.some((response) => typeof response !== 'string');
  if (!conversational) {
    const text = prompt as string;
    const promptIds = tokenizer.encode(text);
    const eosToken = eosTextOf(tokenizer);
    return responses.map((response) => join(promptIds, tokenizer.encode(text + withEos(response as string, eosToken))));
  }
  const turns = asTurns(prompt, 'user');
  const promptIds = tokenizer.encodeChat(turns, { addGenerationPrompt: true, tools });
  return responses.map((response) =>
    join(
      promptIds,
      tokenizer.encodeChat([...turns, ...asTurns(response, 'assistant')], { addGenerationPrompt: false, tools }),
    ),
  );
}

/** Blanks at the prompt's end move to the continuation, where tokenizers keep them with the word. */
export function continuation(tokenizer: RowTokenizer, prompt: string, target: string): CompletionSequence {
  const trimmed = prompt.trimEnd();
  const promptIds = tokenizer.encode(trimmed);
  const whole = tokenizer.encode(trimmed + prompt.slice(trimmed.length) + target);
  return { ids: Int32Array.from(whole), from: Math.min(promptIds.length, whole.length - 1) };
}

/**
 * What follows a text, starting with the first token in which it shows: a blank in front belongs to the word if the tokenizer joins them, a
 * line break before it does not.
 */
export function piece(tokenizer: RowTokenizer, before: string, text: string): CompletionSequence {
  const beforeIds = tokenizer.encode(before);
  const whole = tokenizer.encode(before + text);
  const parted = whole.findIndex((id, index) => id !== beforeIds[index]);
  return { ids: Int32Array.from(whole), from: parted < 0 ? whole.length - 1 : parted };
}

/** Cuts off the beginning of what is too long. */
export function keepEnd(sequence: CompletionSequence, maxLength: number): CompletionSequence {
  const over = sequence.ids.length - maxLength;
  if (over <= 0) return sequence;
  return { ids: sequence.ids.slice(over), from: Math.max(0, sequence.from - over) };
}

/** The prompt's own ids, then whatever the joint encoding has after that many: TRL's rule when the two disagree. */
function join(promptIds: readonly number[], joint: readonly number[]): CompletionSequence {
  return { ids: Int32Array.from([...promptIds, ...joint.slice(promptIds.length)]), from: promptIds.length };
}

/** EOS as text; the tokenizer turns it into one token again. */
function eosTextOf(tokenizer: RowTokenizer): string | null {
  return tokenizer.eosTokenId === null ? null : tokenizer.decode([tokenizer.eosTokenId], { skipSpecialTokens: false });
}

function withEos(text: string, eosToken: string | null): string {
  return eosToken === null || text.endsWith(eosToken) ? text : text + eosToken;
}

function asTurns(value: TextOrChat, role: string): Message[] {
  if (typeof value !== 'string') return value;
  return value === '' ? [] : [{ role, content: value }];
}

/** A prompt as a person or a scorer reads it. */
export function textOf(value: TextOrChat): string {
  return typeof value === 'string' ? value : value.map((turn) => `${turn.role}: ${messageText(turn)}`).join('\n');
}

function cut(sequence: CompletionSequence, maxLength: number): CompletionSequence {
  return sequence.ids.length <= maxLength ? sequence : { ...sequence, ids: sequence.ids.slice(0, maxLength) };
}

function keepOrDrop<Row extends { id: string }, Sample>(
  rows: readonly Row[],
  prepare: (row: Row) => Sample | null,
): TokenisedRows<Sample> {
  const samples: Sample[] = [];
  const dropped: string[] = [];
  for (const row of rows) {
    const sample = prepare(row);
    if (sample === null) dropped.push(row.id);
    else samples.push(sample);
  }
  return { samples, dropped };
}
