/** One turn of a conversation, as chat templates take it. */
export interface Message {
  role: string;
  content: string;
}

/** A prompt or a response: plain text, or turns that the model's chat template renders. */
export type TextOrChat = string | Message[];

/** The canonical rows that imports produce and training reads, one JSON object a line. `id` is unique in its dataset. */
export interface PreferenceRow {
  kind: 'preference';
  id: string;
  prompt: TextOrChat;
  chosen: TextOrChat;
  rejected: TextOrChat;
  tags?: string[];
  /** Guard-set rows only: y_pre, the text the guard's cross-entropy pulls towards; else `chosen`. */
  guardTarget?: TextOrChat;
  /** Guard-set rows of suites that score a piece of running text: the responses go on from the prompt, and no EOS ends them. */
  continues?: true;
}
/** Prompt and completion (TRL prompt-completion, Alpaca, ShareGPT); an empty prompt makes it language modelling. */
export interface CompletionRow {
  kind: 'completion';
  id: string;
  prompt: TextOrChat;
  completion: TextOrChat;
  tags?: string[];
}
/** TRL's unpaired preference (KTO): one completion with a thumb up or down. */
export interface UnpairedRow {
  kind: 'unpaired';
  id: string;
  prompt: TextOrChat;
  completion: TextOrChat;
  label: boolean;
  tags?: string[];
}
/** A prompt alone, for PPO and for generation. */
export interface PromptRow {
  kind: 'prompt';
  id: string;
  prompt: TextOrChat;
  /** What a verifiable scorer compares with, where there is one. */
  target?: string;
  tags?: string[];
}
export type DatasetRow = PreferenceRow | CompletionRow | UnpairedRow | PromptRow;
export type DatasetKind = DatasetRow['kind'];
