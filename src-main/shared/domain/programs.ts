import type { Program } from './program-schema.ts';

export type { Program };

/** What a program answers about one line. */
export interface ProgramAnswer {
  readonly score: number | null;
  readonly correct: boolean | 'tie' | null;
  readonly note: string | null;
}

/** As people read it, and as it is allowed: `python score.py`. */
export function commandText({ command }: Pick<Program, 'command'>): string {
  return command.map((part) => (/^[\w./:=@+-]+$/.test(part) ? part : JSON.stringify(part))).join(' ');
}

/** Words as a shell splits them, quotes included; nothing else of a shell. */
export function splitWords(text: string): string[] {
  const words = text.matchAll(/"((?:[^"\\]|\\.)*)"|'([^']*)'|(\S+)/g);
  return [...words].map(
    ([, double, single, plainWord]) => double?.replace(/\\(.)/g, '$1') ?? single ?? plainWord ?? '',
  );
}
