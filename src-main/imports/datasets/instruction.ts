import { type DatasetRow, type Message, messageText, type TextOrChat } from '../../shared/domain/datasets.ts';
import { own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { asMessage, asOptionalText, asText } from '../values.ts';
import { lastTurnAsCompletion, withLabel } from './completion.ts';
import { asReply, checkedParts } from './preference.ts';
import { questionField } from './question-field.ts';
import { toolsOf } from './tools.ts';
import { asTurns, holdsTurns } from './written-turns.ts';

/**
 * Alpaca: `instruction`, `input`, `output`; LLaMA-Factory's additions `system`, `history` and `chosen`/`rejected` as well. Pairs may
 * call the instruction a `question`, as many do.
 * Instruction and input are joined by a blank line: the `### Instruction` template belongs to a model, not to the data.
 */
export function readAlpaca(record: unknown): DatasetRow {
  const asked = questionField(record) ?? 'instruction';
  const instruction = asText(own(record, asked), asked);
  const input = asked === 'input' ? '' : (asOptionalText(own(record, 'input')) ?? '');
  const question = input === '' ? instruction : instruction === '' ? input : `${instruction}\n\n${input}`;
  const turns = [...systemTurn(record), ...historyTurns(record)];
  const prompt: TextOrChat = turns.length === 0 ? question : [...turns, { role: 'user', content: question }];
  const reply = (field: string): TextOrChat => {
    const text = asText(own(record, field), field);
    return turns.length === 0 || text === '' ? text : asReply(text);
  };
  if (isGiven(own(record, 'chosen')) && isGiven(own(record, 'rejected'))) {
    return {
      kind: 'preference',
      id: '',
      ...checkedParts({ prompt, chosen: reply('chosen'), rejected: reply('rejected') }),
      ...toolsOf(record),
    };
  }
  const completion = reply('output');
  if (completion.length === 0) throw new Misfit('empty', 'The output is empty.', 'output');
  return withLabel({ id: '', prompt, completion, ...toolsOf(record) }, record);
}

function systemTurn(record: unknown): Message[] {
  const system = asOptionalText(own(record, 'system'));
  return system === null || system === '' ? [] : [{ role: 'system', content: system }];
}

/** `history` is a list of [question, answer] pairs. */
function historyTurns(record: unknown): Message[] {
  const history = own(record, 'history');
  if (!Array.isArray(history)) return [];
  return history.flatMap((pair: unknown, index): Message[] => {
    if (!Array.isArray(pair) || pair.length !== 2)
      throw new Misfit('wrong-type', 'A turn of the history is no pair.', `history[${index}]`);
    return [
      { role: 'user', content: asText(pair[0], `history[${index}][0]`) },
      { role: 'assistant', content: asText(pair[1], `history[${index}][1]`) },
    ];
  });
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== '';
}

/** ShareGPT: `conversations` of `{from, value}` turns, with `chosen` and `rejected` turns for preferences. */
export function readShareGpt(record: unknown): DatasetRow {
  const conversations = own(record, 'conversations');
  if (!holdsTurns(conversations))
    throw new Misfit('missing-field', '“conversations” is missing or no list.', 'conversations');
  const turns = [...systemTurn(record), ...asTurns(conversations, 'conversations')];
  const chosen = own(record, 'chosen');
  const rejected = own(record, 'rejected');
  if (!isGiven(chosen) || !isGiven(rejected)) return lastTurnAsCompletion(turns, record, 'conversations');
  const parts = { prompt: turns, chosen: replyTurns(chosen, 'chosen'), rejected: replyTurns(rejected, 'rejected') };
  for (const field of ['chosen', 'rejected'] as const) {
    if (parts[field].every((turn) => messageText(turn) === ''))
      throw new Misfit('empty', `“${field}” is empty.`, field);
  }
  return { kind: 'preference', id: '', ...checkedParts(parts), ...toolsOf(record) };
}

function replyTurns(value: unknown, field: string): Message[] {
  if (holdsTurns(value)) return asTurns(value, field);
  return typeof value === 'string' ? asReply(value) : [asMessage(value, field)];
}
