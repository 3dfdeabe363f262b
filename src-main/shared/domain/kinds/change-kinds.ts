/**
 * Kinds of change: what happened to an answer from the old model to the new one, told by documented rules without a model
 * (docs/reference/kinds-of-change.md). A pair may have several kinds or none. Each number is a bit of a stored column: names
 * are only ever added at the end.
 */
export const changeKinds = [
  'empty',
  'cut',
  'refusal',
  'repetition',
  'language',
  'format',
  'target-present',
  'target-absent',
  'same-text',
  'surface',
  'other-answer',
  'longer',
  'shorter',
  'echo',
  'template-leak',
] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Own kinds, by pattern, follow behind the named ones. */
export const firstOwnBit = 16;
export const mostOwnKinds = 12;

/** Where something is in one side's answer: UTF-16 offsets, `to` exclusive. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** A rule that held, and where. */
export interface Evidence {
  readonly kind: ChangeKind | `own:${string}`;
  /** The side it is on. */
  readonly side: 'left' | 'right';
  /** Null where nothing in the text can be pointed at (an empty answer, a token limit). */
  readonly span: Span | null;
  /** The rule in words, with what was found: “refuses”, “JSON lost”, “final answer 18 → 20”. */
  readonly rule: string;
  /** `appeared` = of the new answer alone or of the change itself; `gone` = the old answer had it and the new one has not. */
  readonly change: 'appeared' | 'gone';
}

/** One answer, and what its evaluation knows of it. */
export interface Answer {
  readonly text: string;
  readonly right: boolean;
  readonly wrong: boolean;
  /** Whether generation was stopped by the limit of tokens; null = not known, then the text is read. */
  readonly cut: boolean | null;
}

export interface AnswerPair {
  readonly prompt: string;
  readonly target: string | null;
  readonly left: Answer;
  readonly right: Answer;
}

/** What each kind says of one sample and of several, after the number: “9 cut off”, “1 refuses”. */
export const kindPhrases: Record<ChangeKind, readonly [one: string, several: string]> = {
  empty: ['empty', 'empty'],
  cut: ['cut off', 'cut off'],
  refusal: ['refuses', 'refuse'],
  repetition: ['loops', 'loop'],
  language: ['switches language', 'switch language'],
  format: ['changes format', 'change format'],
  'target-present': ['holds the right answer', 'hold the right answer'],
  'target-absent': ['is judged right without the target', 'are judged right without the target'],
  'same-text': ['is the same text', 'are the same text'],
  surface: ['differs in case, blanks or punctuation alone', 'differ in case, blanks or punctuation alone'],
  'other-answer': ['gives another answer', 'give another answer'],
  longer: ['is more than twice as long', 'are more than twice as long'],
  shorter: ['is less than half as long', 'are less than half as long'],
  echo: ['repeats the prompt', 'repeat the prompt'],
  'template-leak': ['leaks the chat template', 'leak the chat template'],
};

/** What each kind is called in lists, filters and columns. */
export const kindLabels: Record<ChangeKind, string> = {
  empty: 'Empty',
  cut: 'Cut off',
  refusal: 'Refusal',
  repetition: 'Repetition',
  language: 'Other language',
  format: 'Format',
  'target-present': 'Target present',
  'target-absent': 'Target absent',
  'same-text': 'Same text',
  surface: 'Surface only',
  'other-answer': 'Other answer',
  longer: 'Longer',
  shorter: 'Shorter',
  echo: 'Echo of the prompt',
  'template-leak': 'Template leak',
};

/** Kinds that speak of the verdict itself: they cannot occur among samples that kept theirs, so they have no lift. */
export const kindsOfVerdict: ReadonlySet<ChangeKind> = new Set(['target-present', 'target-absent', 'same-text']);

export function bitOfKind(kind: ChangeKind): number {
  return 1 << changeKinds.indexOf(kind);
}
