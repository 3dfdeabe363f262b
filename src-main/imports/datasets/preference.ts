import type { Message, PreferenceRow, TextOrChat } from '../../shared/domain/datasets.ts';
import { own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { toolsOf } from './tools.ts';
import { asTextOrTurns } from './written-turns.ts';

/** The three parts of a preference, the prompt cut off from both responses. */
export interface PreferenceParts {
  prompt: TextOrChat;
  chosen: TextOrChat;
  rejected: TextOrChat;
}

/** TRL's preference format: plain or conversational, the prompt given or contained in both responses. */
export function readPreference(record: unknown): PreferenceRow {
  const chosen = asTextOrTurns(own(record, 'chosen'), 'chosen');
  const rejected = asTextOrTurns(own(record, 'rejected'), 'rejected');
  if (typeof chosen !== typeof rejected)
    throw new Misfit('wrong-type', 'One of chosen and rejected is a text, the other a conversation.', 'rejected');
  const prompt = own(record, 'prompt');
  const parts =
    prompt === undefined || prompt === null
      ? sharedPrompt(prompt, chosen, rejected)
      : explicitPrompt(asTextOrTurns(prompt, 'prompt'), chosen, rejected);
  const guardTarget = own(record, 'guardTarget');
  return {
    kind: 'preference',
    id: '',
    ...checkedParts(parts),
    ...toolsOf(record),
    ...(guardTarget === undefined || guardTarget === null
      ? {}
      : { guardTarget: asTextOrTurns(guardTarget, 'guardTarget') }),
  };
}

/** @throws Misfit when a response is empty or both are the same: there is nothing to prefer. */
export function checkedParts(parts: PreferenceParts): PreferenceParts {
  for (const field of ['chosen', 'rejected'] as const) {
    if (parts[field].length === 0) throw new Misfit('empty', `“${field}” has no response of its own.`, field);
  }
  if (JSON.stringify(parts.chosen) === JSON.stringify(parts.rejected)) {
    throw new Misfit('identical', 'Chosen and rejected are the same.', 'rejected');
  }
  return parts;
}

/**
 * The prompt is the longest beginning that both responses share: turns of a conversation, or characters of a text. As in
 * TRL's `extract_prompt`, a blank that ends a text's shared beginning goes to the responses.
 */
export function implicitPrompt(chosen: TextOrChat, rejected: TextOrChat): PreferenceParts {
  let length = sharedLength(chosen, rejected);
  if (typeof chosen === 'string' && chosen[length - 1] === ' ') length -= 1;
  return { prompt: chosen.slice(0, length), chosen: chosen.slice(length), rejected: rejected.slice(length) };
}

/** A prompt that is null where the responses share no beginning is not given, and no row without one. */
function sharedPrompt(given: undefined | null, chosen: TextOrChat, rejected: TextOrChat): PreferenceParts {
  const parts = implicitPrompt(chosen, rejected);
  if (given === null && parts.prompt.length === 0)
    throw new Misfit('wrong-type', '“prompt” is null, a text is needed.', 'prompt');
  return parts;
}

function sharedLength(left: TextOrChat, right: TextOrChat): number {
  const limit = Math.min(left.length, right.length);
  let length = 0;
  while (length < limit && sameAt(left, right, length)) length += 1;
  const last = typeof left === 'string' ? left.charCodeAt(length - 1) : 0;
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return splitsPair ? length - 1 : length;
}

function sameAt(left: TextOrChat, right: TextOrChat, index: number): boolean {
  if (typeof left === 'string' || typeof right === 'string') return left[index] === right[index];
  return sameTurn(left[index], right[index]);
}

function sameTurn(left: Message | undefined, right: Message | undefined): boolean {
  if (left === undefined || left.role !== right?.role || left.content !== right.content) return false;
  return JSON.stringify(left) === JSON.stringify(right);
}

/**
 * A prompt that stands on its own. Where the responses are conversations that begin with it (UltraFeedback's layout), it
 * is cut off; where they are turns after it, all three become turns.
 */
function explicitPrompt(prompt: TextOrChat, chosen: TextOrChat, rejected: TextOrChat): PreferenceParts {
  if (typeof chosen === 'string' || typeof rejected === 'string') {
    if (typeof prompt === 'string') return { prompt, chosen, rejected };
    return { prompt, chosen: asReply(chosen), rejected: asReply(rejected) };
  }
  const turns: Message[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  if (beginsWith(chosen, turns) && beginsWith(rejected, turns)) {
    return { prompt: turns, chosen: chosen.slice(turns.length), rejected: rejected.slice(turns.length) };
  }
  const repeatsPrompt = chosen.some((turn) => turn.role === 'user') && sharedLength(chosen, rejected) > 0;
  return repeatsPrompt ? implicitPrompt(chosen, rejected) : { prompt: turns, chosen, rejected };
}

export function asReply(response: TextOrChat): Message[] {
  return typeof response === 'string' ? [{ role: 'assistant', content: response }] : response;
}

function beginsWith(chat: readonly Message[], start: readonly Message[]): boolean {
  return chat.length > start.length && start.every((turn, index) => sameTurn(turn, chat[index]));
}
