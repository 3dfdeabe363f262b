import type { Span } from './change-kinds.ts';

/** Special tokens of the usual chat templates, and role marks at the head of a line. */
const marks = new RegExp(
  [
    String.raw`<\|[\p{L}\p{N}_▁ -]{1,40}\|>`,
    String.raw`<｜[^｜\n]{1,40}｜>`,
    String.raw`\[/?INST\]|<</?SYS>>|\[/?(?:SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_RESULTS)\]`,
    String.raw`</?(?:start|end)_of_(?:turn|text|image)>|<(?:bos|eos|pad|unk|mask|sep|cls)>|<\/?(?:reserved_special_token_\d+)>|<unused\d+>`,
    String.raw`\[(?:PAD|UNK|CLS|SEP|MASK|BOS|EOS)\]`,
    String.raw`<\/s>|^\s*<s>(?![\s\S]*<\/s>)`,
    String.raw`<\|?(?:START|END)_OF_TURN_TOKEN\|?>|<\|?(?:USER|CHATBOT|SYSTEM)_TOKEN\|?>`,
    String.raw`(?<=^|\n)[ \t]*#{2,3} ?(?:Instruction|Response|Input|Human|Assistant|User|System)\s*:`,
    String.raw`(?<=^|\n)[ \t]*(?:Human|USER|User|ASSISTANT|Assistant|SYSTEM)[ \t]?:(?=\s)`,
    String.raw`(?<=^|\n)[ \t]*(?:im_start|im_end)\b`,
    String.raw`<\/?(?:tool_response|function_results)>`,
  ].join('|'),
  'u',
);

/** Marks of the chat template that are in the text itself; in code they are spoken of. */
export function findTemplateLeak(text: string): Span | null {
  if (!/[<[#:]|im_/.test(text)) return null;
  const shown = text.includes('`')
    ? text.replace(/```[\s\S]*?```|`[^`\n]*`/g, (code) => ' '.repeat(code.length))
    : text;
  const match = marks.exec(shown);
  if (match === null) return null;
  // `<s>struck</s>` is HTML.
  if (match[0] === '</s>' && /<s>[^<]*<\/s>/.test(shown)) return null;
  const from = match.index + (match[0].length - match[0].trimStart().length);
  return { from, to: match.index + match[0].length };
}
