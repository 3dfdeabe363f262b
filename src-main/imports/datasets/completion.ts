import type { CompletionRow, Message, PromptRow, UnpairedRow } from '../../shared/domain/datasets.ts';
import { own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { asOptionalText, asText, nameOf } from '../values.ts';
import { asVerdict } from '../verdict-values.ts';
import { asReply } from './preference.ts';
import { toolsOf } from './tools.ts';
import { asTextOrTurns, asTurns, holdsTurns } from './written-turns.ts';

/** TRL's prompt-completion format; `response` is taken as well. */
export function readPromptCompletion(record: unknown): CompletionRow | UnpairedRow {
  return withLabel({ id: '', ...promptAndCompletion(record) }, record);
}

/** TRL's unpaired preference (KTO): a completion with a thumb up or down. */
export function readUnpaired(record: unknown): UnpairedRow {
  const field = labelField(record) ?? 'label';
  return { kind: 'unpaired', id: '', ...promptAndCompletion(record), label: asLabel(own(record, field), field) };
}

export function asLabel(value: unknown, field: string): boolean {
  const verdict = asVerdict(value, field);
  if (verdict === 'right' || verdict === 'wrong') return verdict === 'right';
  throw new Misfit('unknown-verdict', `“${field}” is ${nameOf(value)}; a thumb up or down is needed.`, field);
}

function promptAndCompletion(record: unknown): Pick<CompletionRow, 'prompt' | 'completion' | 'tools'> {
  const prompt = asTextOrTurns(own(record, 'prompt'), 'prompt');
  const completion = asTextOrTurns(own(record, 'completion') ?? own(record, 'response'), 'completion');
  if (completion.length === 0) throw new Misfit('empty', 'The completion is empty.', 'completion');
  const tools = toolsOf(record);
  if (typeof prompt === typeof completion) return { prompt, completion, ...tools };
  return {
    ...tools,
    prompt: typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt,
    completion: asReply(completion),
  };
}

/** A text for language modelling (no prompt), also as a bare string, or a conversation in `messages`. */
export function readLanguageModeling(record: unknown): CompletionRow | UnpairedRow {
  const messages = own(record, 'messages');
  if (holdsTurns(messages)) return lastTurnAsCompletion(asTurns(messages, 'messages'), record, 'messages');
  const text = asText(typeof record === 'string' ? record : own(record, 'text'), 'text');
  if (text.length === 0) throw new Misfit('empty', 'The text is empty.', 'text');
  return { kind: 'completion', id: '', prompt: '', completion: text };
}

/** All turns but the last are the prompt; the last must be the assistant's. A label makes it unpaired preference. */
export function lastTurnAsCompletion(turns: Message[], record: unknown, field: string): CompletionRow | UnpairedRow {
  const last = turns.at(-1);
  if (last?.role !== 'assistant') {
    throw new Misfit('missing-field', `“${field}” does not end with a response of the assistant.`, field);
  }
  return withLabel({ id: '', prompt: turns.slice(0, -1), completion: [last], ...toolsOf(record) }, record);
}

/** A thumb up or down next to the response makes it unpaired preference, in whatever words: 0, "false" and "no" are a thumb down. */
export function withLabel(parts: Omit<CompletionRow, 'kind'>, record: unknown): CompletionRow | UnpairedRow {
  const field = labelField(record);
  if (field === undefined) return { kind: 'completion', ...parts };
  return { kind: 'unpaired', ...parts, label: asLabel(own(record, field), field) };
}

/** Where the thumb is; undefined where there is none. */
function labelField(record: unknown): string | undefined {
  return ['label', 'kto_tag'].find((name) => isGiven(own(record, name)));
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** TRL's prompt-only format, with the wanted answer where there is one. */
export function readPromptOnly(record: unknown): PromptRow {
  const prompt = asTextOrTurns(own(record, 'prompt'), 'prompt');
  if (prompt.length === 0) throw new Misfit('empty', 'The prompt is empty.', 'prompt');
  const target = asOptionalText(own(record, 'target'));
  return { kind: 'prompt', id: '', prompt, ...(target === null ? {} : { target }), ...toolsOf(record) };
}
