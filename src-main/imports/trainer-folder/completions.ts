import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { contentId } from '../../content-hash.ts';

/** What a policy wrote to one prompt at one step, with the rewards that it got, as the trainer names them. */
export interface PromptCompletions {
  /** Made of the prompt’s text: the same in every step. */
  readonly promptId: string;
  readonly prompt: string;
  readonly outputs: readonly { text: string; rewards: Readonly<Record<string, number>> }[];
}

export interface CompletionsFile {
  readonly step: number;
  readonly file: string;
}

/** `completions/completions_00012.parquet` of TRL’s online trainers, by step. */
export async function findCompletions(output: string): Promise<CompletionsFile[]> {
  const folder = path.join(output, 'completions');
  const names = await readdir(folder).catch((): string[] => []);
  return names
    .flatMap((name) => {
      const step = /^completions_(\d{1,9})\.parquet$/.exec(name)?.[1];
      return step === undefined ? [] : [{ step: Number(step), file: path.join(folder, name) }];
    })
    .sort((a, b) => a.step - b.step);
}

/** The rows of such a file by prompt; null while it is being written, or where it is damaged. */
export async function readCompletions({ file, step }: CompletionsFile): Promise<PromptCompletions[] | null> {
  try {
    // Most folders have none: the reader is loaded for those that do.
    const [{ asyncBufferFromFile, parquetReadObjects }, { compressors }] = await Promise.all([
      import('hyparquet'),
      import('hyparquet-compressors'),
    ]);
    const rows = await parquetReadObjects({ file: await asyncBufferFromFile(file), compressors });
    const prompts = new Map<
      string,
      PromptCompletions & { outputs: { text: string; rewards: Record<string, number> }[] }
    >();
    for (const { step: at, prompt, completion, ...rest } of rows) {
      if (Number(at ?? step) !== step) continue;
      const text = textOf(prompt);
      const promptId = contentId([text]);
      const known = prompts.get(promptId) ?? { promptId, prompt: text, outputs: [] };
      prompts.set(promptId, known);
      known.outputs.push({ text: textOf(completion), rewards: numbersOf(rest) });
    }
    return [...prompts.values()];
  } catch {
    return null;
  }
}

function numbersOf(fields: Readonly<Record<string, unknown>>): Record<string, number> {
  const numbers = Object.entries(fields).flatMap(([name, value]): [string, number][] => {
    if (typeof value === 'bigint') return [[name, Number(value)]];
    return typeof value === 'number' && Number.isFinite(value) ? [[name, value]] : [];
  });
  return Object.fromEntries(numbers);
}

/** A conversation is the text of its messages, one a line, as prompts are compared everywhere else. */
function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return value === null || value === undefined ? '' : JSON.stringify(value);
  return value.map(contentOf).join('\n');
}

function contentOf(message: unknown): string {
  if (typeof message !== 'object' || message === null || !('content' in message)) return String(message);
  return typeof message.content === 'string' ? message.content : JSON.stringify(message.content);
}
