import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { commandText } from '../shared/domain/programs.ts';
import type { Program, ProgramAnswer } from '../shared/domain/programs.ts';

/** A line to the program; fields beyond these are passed on as they are. */
export interface ProgramLine {
  readonly id: string;
  readonly [field: string]: unknown;
}

/** An answer, or why there is none. */
export type LineOutcome = { answer: ProgramAnswer } | { fault: string };

/** One program that is kept alive and answers line by line. */
export interface LineProgram {
  /** In the order of `lines`, whose ids differ. Never rejects but for a program that cannot be started, or a cancel. */
  ask(lines: readonly ProgramLine[]): Promise<LineOutcome[]>;
  close(): Promise<void>;
}

export interface LineProgramOptions {
  readonly signal?: AbortSignal;
  /** Called with each line that the program writes to stderr. */
  onStderr?(line: string): void;
}

const usualTimeoutSeconds = 60;
const usualBatch = 32;
/** A program that ends so often without an answer in between is not started again. */
const mostCrashes = 3;
const maxLineCharacters = 2 ** 20;
const closeWithinMs = 2000;
/** A timer of more than this fires at once. */
const longestTimerMs = 2 ** 31 - 1;

interface Open {
  child: ChildProcessWithoutNullStreams;
  /** Resolves with why it is gone. */
  gone: Promise<string>;
}

export function openLineProgram(program: Program, { signal, onStderr }: LineProgramOptions = {}): LineProgram {
  const name = commandText(program);
  const timeoutMs = Math.min((program.timeoutSeconds ?? usualTimeoutSeconds) * 1000, longestTimerMs);
  let open: Open | null = null;
  let crashes = 0;
  let lastStderr = '';
  let onLine: (line: string) => void = () => {};

  async function start(): Promise<Open> {
    const [file = '', ...args] = program.command;
    const child = spawn(file, args, { cwd: path.resolve(program.folder ?? '.'), stdio: 'pipe', signal });
    const started = Promise.withResolvers<void>();
    child.once('spawn', () => started.resolve());
    child.once('error', (error: NodeJS.ErrnoException) => started.reject(cannotStart(error)));
    // Whoever writes to a program that has just ended hears of it by its exit.
    child.stdin.on('error', () => {});
    byLine(child.stdout, (line) => onLine(line));
    byLine(child.stderr, (line) => {
      lastStderr = line;
      onStderr?.(line);
    });
    const gone = new Promise<string>((resolve) => child.once('close', (code, killed) => resolve(endOf(code, killed))));
    await started.promise;
    return { child, gone };
  }

  function cannotStart(error: NodeJS.ErrnoException): WorkbenchError {
    if (signal?.aborted === true) return new WorkbenchError('cancelled', 'Stopped.');
    const why = error.code === 'ENOENT' ? 'there is no such program, or no such folder' : error.message;
    return new WorkbenchError('bad-input', `${name} cannot be started: ${why}.`, {
      remedy: 'Give the program by the name a terminal would find it under, and its folder.',
      place: { field: 'command' },
    });
  }

  function endOf(code: number | null, killed: string | null): string {
    const how = code === null ? `was ended by ${killed ?? 'a signal'}` : `ended with status ${code}`;
    return `${name} ${how}${lastStderr === '' ? '' : `: ${lastStderr}`}`;
  }

  /** Some lines at a time; of what is left when the program ends or falls silent, the oldest has the fault. At least one is settled. */
  async function askBatch(lines: readonly ProgramLine[]): Promise<Map<string, LineOutcome>> {
    const current = (open ??= await start());
    const outcomes = new Map<string, LineOutcome>();
    const settled = Promise.withResolvers<string | null>();
    let timer = setTimeout(() => settled.resolve('silent'), timeoutMs);
    const ids = new Set(lines.map(({ id }) => id));
    onLine = (line) => {
      if (line.trim() === '') return;
      clearTimeout(timer);
      timer = setTimeout(() => settled.resolve('silent'), timeoutMs);
      const read = readAnswer(line);
      const oldest = lines.find(({ id }) => !outcomes.has(id))?.id;
      // An answer without an id is to the oldest line that has none yet; so is a line that is no answer.
      const id = read.id ?? oldest;
      if (id === undefined || !ids.has(id)) return;
      outcomes.set(id, read.outcome);
      if (outcomes.size === lines.length) settled.resolve(null);
    };
    for (const line of lines) current.child.stdin.write(`${JSON.stringify(line)}\n`);
    const fault = await Promise.race([settled.promise, current.gone]);
    clearTimeout(timer);
    onLine = () => {};
    if (fault !== null) {
      open = null;
      crashes = outcomes.size > 0 ? 0 : crashes + 1;
      if (fault === 'silent') current.child.kill('SIGKILL');
    } else crashes = 0;
    if (signal?.aborted === true) throw new WorkbenchError('cancelled', 'Stopped.');
    if (fault === null) return outcomes;
    // Whatever it had in hand is taken for what ended it; the others are asked again.
    const atFault = lines.find(({ id }) => !outcomes.has(id));
    const why = fault === 'silent' ? `${name} said nothing for ${timeoutMs / 1000} s and was ended.` : `${fault}.`;
    if (atFault !== undefined) outcomes.set(atFault.id, { fault: why });
    return outcomes;
  }

  return {
    async ask(lines) {
      const outcomes = new Map<string, LineOutcome>();
      const size = program.batch ?? usualBatch;
      for (;;) {
        const rest = lines.filter(({ id }) => !outcomes.has(id));
        if (rest.length === 0) break;
        if (crashes >= mostCrashes) {
          const fault = `${name} ended ${crashes} times without an answer and was not started again.`;
          for (const { id } of rest) outcomes.set(id, { fault });
        } else for (const [id, outcome] of await askBatch(rest.slice(0, size))) outcomes.set(id, outcome);
      }
      return lines.map(({ id }) => outcomes.get(id) ?? { fault: `${name} gave no answer.` });
    },
    async close() {
      const current = open;
      open = null;
      if (current === null) return;
      current.child.stdin.end();
      const timer = setTimeout(() => current.child.kill('SIGKILL'), closeWithinMs);
      await current.gone;
      clearTimeout(timer);
    },
  };
}

/** One line of the program: an object with `score`, `correct` or both, and the `id` that it is about. */
function readAnswer(line: string): { id: string | null; outcome: LineOutcome } {
  const wrong = (what: string) => ({ fault: `A line is no answer (${what}): ${line.slice(0, 120)}.` });
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { id: null, outcome: wrong('not JSON') };
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { id: null, outcome: wrong('no object') };
  const { id, score = null, correct = null, note = null } = value as Record<string, unknown>;
  const about = typeof id === 'string' ? id : typeof id === 'number' ? String(id) : null;
  if (score !== null && (typeof score !== 'number' || !Number.isFinite(score)))
    return { id: about, outcome: wrong('score is no number') };
  if (correct !== null && typeof correct !== 'boolean' && correct !== 'tie')
    return { id: about, outcome: wrong('correct is neither true, false nor "tie"') };
  if (score === null && correct === null) return { id: about, outcome: wrong('neither score nor correct') };
  return { id: about, outcome: { answer: { score, correct, note: typeof note === 'string' ? note : null } } };
}

function byLine(stream: NodeJS.ReadableStream, then: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(0, maxLineCharacters);
    lines.forEach(then);
  });
  stream.on('end', () => {
    if (rest !== '') then(rest);
  });
}
