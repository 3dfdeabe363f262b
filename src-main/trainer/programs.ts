import type { Answer } from '../engine/evaluate/answers.ts';
import { textOf } from '../engine/data/tokenise.ts';
import { commandText } from '../shared/domain/programs.ts';
import type { Program } from '../shared/domain/programs.ts';
import { openLineProgram } from '../system/line-program.ts';
import type { LineOutcome, LineProgram } from '../system/line-program.ts';

/** Programs that judge answers, kept alive from the first question to the end of the job. */
export interface Programs {
  judge(program: Program, answers: readonly Answer[]): Promise<LineOutcome[]>;
  close(): Promise<void>;
}

const mostLines = 200;

/** `say` is told what a program writes to stderr, up to so many lines. */
export function createPrograms(signal: AbortSignal, say: (sentence: string) => void): Programs {
  let said = 0;
  const open = new Map<string, LineProgram>();

  function opened(program: Program): LineProgram {
    const key = JSON.stringify([program.folder, program.command]);
    const known = open.get(key);
    if (known !== undefined) return known;
    const name = commandText(program);
    const made = openLineProgram(program, { signal, onStderr: (line) => tell(`${name}: ${line}`) });
    open.set(key, made);
    return made;
  }

  function tell(sentence: string): void {
    said += 1;
    if (said <= mostLines) say(sentence);
    if (said === mostLines) say('What programs write from here on is left out.');
  }

  return {
    judge(program, answers) {
      const lines = answers.map(({ id, prompt, target, output, slices }, i) => ({
        id: id ?? String(i),
        prompt: textOf(prompt),
        ...(typeof prompt === 'string' ? {} : { messages: prompt }),
        output,
        ...(target === undefined ? {} : { target }),
        ...(slices === undefined ? {} : { slices }),
      }));
      return opened(program).ask(lines);
    },
    async close() {
      await Promise.all([...open.values()].map((program) => program.close()));
    },
  };
}
