/** One turn of a conversation, as chat templates take it. */
export interface Message {
  role: string;
  /** Empty where the turn is nothing but tool calls. */
  content: string;
  /** Who speaks, where a role is played by several, or the tool that answered. */
  name?: string;
  /** Calls of tools as chat templates take them: `{type, id, function: {name, arguments}}`, arguments parsed. */
  tool_calls?: readonly unknown[];
  tool_call_id?: string;
  /** What was thought before the content, under the name that the model's template knows. */
  reasoning_content?: string;
  reasoning?: string;
  thinking?: string;
}

/** Fields of a message next to role and content that chat templates render. */
export const messageTexts = ['name', 'tool_call_id', 'reasoning_content', 'reasoning', 'thinking'] as const;

/** A turn as one text, for lists, search and hashes: what a template would render of it, in a fixed order. */
export function messageText(message: Message): string {
  const { content, tool_calls: calls } = message;
  const thought = message.reasoning_content ?? message.reasoning ?? message.thinking;
  const parts = [
    ...(thought === undefined || thought === '' ? [] : [`(thinking) ${thought}`]),
    ...(content === '' && calls !== undefined ? [] : [content]),
    ...(calls ?? []).map((call) => `(tool call) ${JSON.stringify(call)}`),
  ];
  return parts.join('\n');
}

/** A conversation as one text, for hashing, lists and search; plain text is itself. */
export function plainText(text: TextOrChat): string {
  return typeof text === 'string' ? text : text.map(messageText).join('\n');
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
  /** Tools that the conversation may call, as chat templates take them. */
  tools?: readonly unknown[];
  /** Guard-set rows only: y_pre, the text the guard's cross-entropy pulls towards; else `chosen`. */
  guardTarget?: TextOrChat;
  /** Guard-set rows of suites that score a piece of running text: the responses continue from the prompt, and no EOS ends them. */
  continues?: true;
}
/** Prompt and completion (TRL prompt-completion, Alpaca, ShareGPT); an empty prompt makes it language modelling. */
export interface CompletionRow {
  kind: 'completion';
  id: string;
  prompt: TextOrChat;
  completion: TextOrChat;
  tags?: string[];
  tools?: readonly unknown[];
}
/** TRL's unpaired preference (KTO): one completion with a thumb up or down. */
export interface UnpairedRow {
  kind: 'unpaired';
  id: string;
  prompt: TextOrChat;
  completion: TextOrChat;
  label: boolean;
  tags?: string[];
  tools?: readonly unknown[];
}
/** A prompt alone, for PPO and for generation. */
export interface PromptRow {
  kind: 'prompt';
  id: string;
  prompt: TextOrChat;
  /** What a verifiable scorer compares with, where there is one. */
  target?: string;
  tags?: string[];
  tools?: readonly unknown[];
}
export type DatasetRow = PreferenceRow | CompletionRow | UnpairedRow | PromptRow;
export type DatasetKind = DatasetRow['kind'];
