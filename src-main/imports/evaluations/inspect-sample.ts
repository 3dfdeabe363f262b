import { isPlainObject, own } from '../field-path.ts';
import { Misfit } from '../problems.ts';
import { asId, asMessage, asOptionalText, contentText, renderChat } from '../values.ts';

export interface InspectSample {
  sampleId: string;
  epoch: number;
  prompt: string;
  target: string | undefined;
  output: string | null;
  failed: boolean;
  /** Somebody marked the sample as one that does not count. */
  invalidated: boolean;
  /** Why the answer ended; null where the log does not say. */
  finish: unknown;
  /** Options of a multiple-choice question; null where it is none. */
  options: number | null;
}

/** One sample of an Inspect log, of either file format. */
export function readInspectSample(record: unknown): InspectSample {
  if (!isPlainObject(record)) throw new Misfit('not-an-object', 'The sample is no object.');
  const sampleId = asId(own(record, 'id'), 'id');
  if (sampleId === null) throw new Misfit('missing-field', 'The sample has no id.', 'id');
  const given = own(record, 'epoch');
  const epoch = typeof given === 'number' && Number.isSafeInteger(given) && given > 0 ? given : 1;
  const attachments = own(record, 'attachments');
  const error = own(record, 'error');
  return {
    sampleId,
    epoch,
    prompt: resolve(promptOf(record), attachments),
    target: targetOf(own(record, 'target')),
    output: resolveOptional(outputOf(own(record, 'output')), attachments),
    finish: finishOf(own(record, 'output')),
    options: optionsOf(own(record, 'choices')),
    invalidated: isPlainObject(own(record, 'invalidation')),
    failed: (error !== undefined && error !== null) || own(record, 'completed') === false,
  };
}

/** The input, with the options of a multiple-choice question below it. */
function promptOf(record: unknown): string {
  const input = own(record, 'input');
  const text = Array.isArray(input)
    ? renderChat(input.map((turn, index) => asMessage(turn, `input[${index}]`)))
    : contentText(input, 'input');
  const choices = own(record, 'choices');
  if (!Array.isArray(choices) || choices.length === 0) return text;
  const lines = choices.map((choice, index) => `${String.fromCharCode(65 + index)}) ${asOptionalText(choice) ?? ''}`);
  return `${text}\n\n${lines.join('\n')}`;
}

function targetOf(target: unknown): string | undefined {
  const text = Array.isArray(target)
    ? target.map((entry) => asOptionalText(entry) ?? '').join('\n')
    : asOptionalText(target);
  return text === null || text === '' ? undefined : text;
}

/** `completion` where it is written, else the first choice's message. */
function outputOf(output: unknown): string | null {
  const completion = own(output, 'completion');
  if (typeof completion === 'string') return completion;
  const choices = own(output, 'choices');
  const content = Array.isArray(choices) ? own(own(choices[0], 'message'), 'content') : undefined;
  return content === undefined || content === null ? null : contentText(content, 'output');
}

/** Of the answer that is shown: the first. */
function finishOf(output: unknown): unknown {
  const choices = own(output, 'choices');
  return (Array.isArray(choices) ? own(choices[0], 'stop_reason') : undefined) ?? own(output, 'stop_reason') ?? null;
}

function optionsOf(choices: unknown): number | null {
  return Array.isArray(choices) && choices.length > 1 ? choices.length : null;
}

/** Long texts are kept once under `attachments` and named by reference. */
function resolve(text: string, attachments: unknown): string {
  return text.replace(/attachment:\/\/([0-9a-f]{32})/g, (reference, key: string) => {
    const attached = own(attachments, key);
    return typeof attached === 'string' ? attached : reference;
  });
}

function resolveOptional(text: string | null, attachments: unknown): string | null {
  return text === null ? null : resolve(text, attachments);
}
