import type { Program } from './programs.ts';
import type { TextOrChat } from './datasets.ts';

/** What a check says of one sample. `null` = missing (no verdict was given). */
export type Verdict = 'right' | 'wrong' | 'tie';

/** How a `generate` item is judged. */
export type Scorer =
  | { kind: 'exact' | 'contains' | 'regex' | 'numeric' }
  | { kind: 'lexicon'; lexicon: 'afinn'; threshold?: number }
  | { kind: 'reward-model'; model: string; threshold?: number }
  | { kind: 'judge'; endpoint: string; model: string; rubric: string }
  | (Program & { threshold?: number });

/** One item of a suite, as stored and as the engine runs it. `id` is unique in its suite. */
export type SuiteItem =
  | { kind: 'pairs'; id: string; prompt: TextOrChat; chosen: TextOrChat; rejected: TextOrChat; slices?: string[] }
  | { kind: 'cloze'; id: string; prompt: string; target: string; slices?: string[] }
  | { kind: 'words'; id: string; prompt?: string; text: string; slices?: string[] }
  | { kind: 'choice'; id: string; prompt: TextOrChat; options: string[]; answer: number; slices?: string[] }
  | { kind: 'generate'; id: string; prompt: TextOrChat; target?: string; slices?: string[] };
/** `outputs` has items of `generate`: whose answers are held, prompt by prompt, against another model's under one scorer. */
export type SuiteKind = SuiteItem['kind'] | 'outputs';
export const suiteKinds = [
  'pairs',
  'cloze',
  'words',
  'choice',
  'generate',
  'outputs',
] as const satisfies readonly SuiteKind[];

/** The kind of its items. */
export function itemKindOf(kind: SuiteKind): SuiteItem['kind'] {
  return kind === 'outputs' ? 'generate' : kind;
}

/** Suites that judge what continues the prompt: of a prompt that is cut, the end is what counts. */
export function continuesPrompt(kind: SuiteKind | null | undefined): boolean {
  return kind === 'words' || kind === 'cloze';
}

/** Suites whose prompts a model answers. */
export function isAnswered(kind: SuiteKind): boolean {
  return kind === 'generate' || kind === 'outputs';
}

export interface DecodingSettings {
  /** 0 means greedy. */
  temperature: number;
  topP?: number;
  topK?: number;
  maxNewTokens: number;
  stop?: string[];
  seed: number;
}

/** On what the distance of two models is told: suites whose answers are sampled; where there are none, those answered greedily. */
export function drawnSuites<Suite extends Pick<SuiteSpec, 'kind' | 'decoding'>>(suites: readonly Suite[]): Suite[] {
  const answered = suites.filter(({ kind }) => isAnswered(kind));
  const sampled = answered.filter(({ decoding }) => (decoding?.temperature ?? 0) > 0);
  return sampled.length > 0 ? sampled : answered;
}

/** Of `words` suites: the token from which words count, and the letters that one has at least, where nothing is said. */
export const usualFromPosition = 25;
export const usualMinWordLength = 4;

/** A suite ready to run: its items are in an NDJSON file of `SuiteItem`s. */
export interface SuiteSpec {
  id: string;
  name: string;
  kind: SuiteKind;
  /** `generate` and `outputs` only. */
  scorer?: Scorer;
  decoding?: DecodingSettings;
  /** `generate` and `outputs` only: answers per item, each sampled by itself; 1 by default. */
  repeats?: number;
  /** `words` only: the token position (0 = first token, BOS included) from which words count; `usualFromPosition` by default (docs/method.md). */
  fromPosition?: number;
  /** `words` only: words that this lexicon rates join the slice `positive-words` or `negative-words`. */
  wordLexicon?: 'afinn';
  /** `words` only: letters a word has at least; `usualMinWordLength` by default. */
  minWordLength?: number;
  /** Between prompt and target when tokenised: one space by default, and nothing in `pairs`, whose responses join as in training. */
  delimiter?: string;
}

/** One answer of several to the same sample. `number` counts from 1 and tells attempts apart. */
export interface Attempt {
  number: number;
  output: string | null;
  score: number | null;
  verdict: Verdict | null;
}

/**
 * The outcome for one sample: the row of the store's `scores`, of every import and of every evaluation the trainer runs.
 * `score` grows with goodness (log-prob, margin, reward, judge score). `metrics` are further numbers by name.
 */
export interface SampleResult {
  sampleId: string;
  prompt: string;
  /** What was wanted: gold answer, target word, chosen response. */
  target?: string;
  /** What came out: generation, greedy prediction, or the rejected response for `pairs`. */
  output: string | null;
  score: number | null;
  verdict: Verdict | null;
  slices?: string[];
  /** Tags of the sample, in whatever evaluation it is. */
  tags?: string[];
  /** Tags of this result alone: the sample's other evaluations do not have them. */
  resultTags?: string[];
  metrics?: Record<string, number>;
  /** Groups samples that are not independent (the story a word is in, the prompt family); bootstraps are clustered by it. */
  cluster?: string;
  /**
   * Where the sample was answered several times: these answers of it. Rows of one sample id add their attempts to each other;
   * the sample's own score and verdict are then made of all of them (method.md, “Several answers per sample”).
   */
  attempts?: Attempt[];
  /** The same where only the count of right answers is known. */
  solved?: { attempts: number; right: number };
  /** Short values of the record by name, by which samples can be paired where neither id nor content does it. */
  fields?: Record<string, string>;
}

/** Token-by-token log-probs of one text under two models: the ledger of the sample view. Arrays have one entry a response token. */
export interface TokenLedger {
  part: 'output' | 'target' | 'chosen' | 'rejected' | 'left-output' | 'right-output';
  tokens: string[];
  leftLogProbs: number[];
  rightLogProbs: number[];
}
