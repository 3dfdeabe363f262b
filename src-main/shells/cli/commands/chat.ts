import { createInterface } from 'node:readline';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { TriedAnswer, TriedPrompt } from '../../../shared/domain/tried-prompt.ts';
import { openServing } from '../../../workbench/serving/serving.ts';
import { tryPrompt } from '../../../workbench/serving/prompts.ts';
import type { CommandContext } from '../context.ts';
import { loadingShown } from './loading-shown.ts';
import { plain } from '../terminal.ts';

export interface ChatFlags {
  against?: string;
  prompt?: string[];
  temperature?: number;
  seed?: number;
  maxTokens?: number;
  plain?: boolean;
}

/** How long weights stay loaded while somebody thinks of the next prompt. */
const idleMs = 60_000;
const usualMaxTokens = 128;

/**
 * `flipguard chat MODEL [--against MODEL]`: an answer per prompt, each prompt by itself. Prompts are lines of the terminal or of a
 * pipe, until it ends; with `--prompt`, those.
 */
export async function chatCommand(context: CommandContext, model: string, flags: ChatFlags): Promise<void> {
  const { terminal, task } = context;
  const { against, temperature = 0, seed = 0, maxTokens = usualMaxTokens } = flags;
  requireSense(temperature, maxTokens);
  const workbench = await context.workbench();
  // The old model's answer comes first, as everywhere.
  const targets = against === undefined ? [model] : [against, model];
  const serving = await openServing(
    workbench.core,
    targets,
    { idleMs, what: 'a chat', say: (sentence) => terminal.note(plain(sentence)), onProgress: loadingShown(context) },
    task,
  );
  terminal.settle();
  try {
    for await (const prompt of promptsOf(context, flags.prompt)) {
      const writer = answerWriter(context, targets);
      const wish = { prompt, format: flags.plain === true ? ('text' as const) : ('auto' as const) };
      const tried = await tryPrompt(serving, { ...wish, temperature, seed, maxTokens }, writer.piece, task.signal);
      writer.end(tried);
      if (terminal.json) await terminal.line(tried);
    }
  } finally {
    await serving.close();
  }
}

function requireSense(temperature: number, maxTokens: number): void {
  if (temperature < 0 || temperature > 10) {
    throw new WorkbenchError('bad-input', `A temperature lies between 0 and 10, and ${temperature} does not.`, {
      remedy: '0 takes the likeliest token each time.',
      place: { field: '--temperature' },
    });
  }
  if (maxTokens === 0) {
    throw new WorkbenchError('bad-input', 'An answer of 0 tokens is none.', { place: { field: '--max-tokens' } });
  }
}

/** Lines that hold nothing are no prompts. */
async function* promptsOf(context: CommandContext, given: readonly string[] | undefined): AsyncGenerator<string> {
  if (given !== undefined) return yield* given;
  const { terminal, input, task } = context;
  const asks = input.isTTY === true && !terminal.json;
  if (asks) terminal.note('One prompt per line; Ctrl-D ends it.');
  const lines = createInterface({ input, signal: task.signal });
  try {
    if (asks) terminal.write('> ');
    for await (const line of lines) {
      if (line.trim() !== '') yield line;
      if (asks) terminal.write('> ');
    }
  } finally {
    lines.close();
  }
}

/** Writes answers as they come, the old one and then the new one. */
function answerWriter({ terminal }: CommandContext, targets: readonly string[]) {
  let begun = -1;
  function begin(side: number): void {
    if (begun >= side) return;
    if (begun >= 0) terminal.print('');
    begun = side;
    if (targets.length > 1) terminal.print(`${side === 0 ? 'old' : 'new'} (${plain(targets[side] ?? '')}):`);
  }
  return {
    piece(side: number, text: string) {
      begin(side);
      terminal.write(text);
    },
    end({ answers, differsAt }: TriedPrompt) {
      answers.forEach((_, side) => begin(side));
      terminal.print('');
      const [old, now] = answers;
      if (old === undefined || now === undefined) return;
      if (differsAt === null) terminal.print('The answers are the same.');
      else {
        const [left, right] = [tokenShown(old, differsAt.old), tokenShown(now, differsAt.new)];
        terminal.print(`First difference at token ${differsAt.new + 1}: old ${left}, new ${right}.`);
      }
      terminal.print('');
    },
  };
}

function tokenShown({ tokens, finish }: TriedAnswer, at: number): string {
  const token = tokens[at];
  if (token === undefined) return finish === 'stop' ? 'ended' : 'was cut';
  const share = token.probability === null ? '' : ` (${Math.round(token.probability * 100)} %)`;
  return `${JSON.stringify(token.text)}${share}`;
}
