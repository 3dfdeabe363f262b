import type { Readable, Writable } from 'node:stream';
import { formatDuration } from '../../shared/presentation/times.ts';

export interface Streams {
  readonly env: NodeJS.ProcessEnv;
  readonly stdin: Readable & { isTTY?: boolean };
  readonly stdout: Writable & { isTTY?: boolean };
  readonly stderr: Writable & { isTTY?: boolean; columns?: number };
}

/** Answers go to stdout, everything else to stderr: with --json, stdout is one document. */
export interface Terminal {
  readonly json: boolean;
  /** The answer for people; left out with --json. */
  print(text: string): void;
  /** As `print`, without an end of the line: of text that comes in pieces. */
  write(text: string): void;
  /** The answer for programs; left out without --json. */
  document(value: unknown): void;
  /** One line of NDJSON, whichever way. Resolves when the reader has room for more. */
  line(value: unknown): Promise<void>;
  note(text: string): void;
  progress(phase: string, fraction: number | null, etaMs?: number | null): void;
  /** Ends the progress line, so that what follows starts on its own. */
  settle(): void;
  /** Why answers could not be written, as on a full disk; null where they were, and where nobody reads them any more. */
  lost(): NodeJS.ErrnoException | null;
}

const barWidth = 24;
/** Without a terminal, progress is a line whenever the phase changes or another tenth is done. */
const tenths = 10;

export function createTerminal(streams: Streams, json: boolean): Terminal {
  const stdout = lasting(streams.stdout);
  const stderr = lasting(streams.stderr);
  const { columns = 100, isTTY = false } = streams.stderr;
  let shown = '';
  let lastPlain = '';

  function bar(phase: string, fraction: number | null, etaMs: number | null | undefined): void {
    const done =
      fraction === null
        ? ''
        : `${'█'.repeat(Math.round(fraction * barWidth)).padEnd(barWidth, '░')} ${Math.floor(fraction * 100)}% `;
    const left = etaMs === null || etaMs === undefined ? '' : `· ${formatDuration(etaMs)} left`;
    const text = `${done}${plain(phase)} ${left}`.trimEnd().slice(0, columns - 1);
    stderr.write(`\r\u001b[2K${text}`);
    shown = text;
  }

  function plainLine(phase: string, fraction: number | null): void {
    const tenth = fraction === null ? '' : `${Math.floor(fraction * tenths) * 10}%`;
    const key = `${tenth} ${fraction === null ? phase : phase.replace(/[\d,. ]+/g, '#')}`;
    if (key === lastPlain) return;
    lastPlain = key;
    stderr.write(`${[tenth, plain(phase)].filter((part) => part !== '').join(' ')}\n`);
  }

  return {
    json,
    print(text) {
      if (!json) stdout.write(`${harmless(text)}\n`);
    },
    write(text) {
      if (json) return;
      this.settle();
      stdout.write(harmless(text));
    },
    document(value) {
      if (json) stdout.write(`${harmlessJson(value, 2)}\n`);
    },
    line(value) {
      return stdout.write(`${harmlessJson(value)}\n`) ? Promise.resolve() : stdout.room();
    },
    note(text) {
      this.settle();
      stderr.write(`${harmless(text)}\n`);
    },
    progress(phase, fraction, etaMs) {
      if (isTTY) bar(phase, fraction, etaMs);
      else plainLine(phase, fraction);
    },
    settle() {
      if (shown !== '') stderr.write('\r\u001b[2K');
      shown = '';
    },
    lost: () => stdout.lost(),
  };
}

/** The codes of a pipe whose reader has gone: it has read what it wanted, as `head` does. */
const readerGone = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED']);

/**
 * A stream that may end before the command does: what is written after that goes nowhere, and the work goes on. Whoever closes the
 * pipe of a training has not asked for the training to end.
 */
function lasting(stream: Writable): {
  write(text: string): boolean;
  room(): Promise<void>;
  lost(): NodeJS.ErrnoException | null;
} {
  let gone = false;
  let lost: NodeJS.ErrnoException | null = null;
  let waiting: (() => void)[] = [];
  const release = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };
  stream.on('drain', release);
  stream.on('error', (error: NodeJS.ErrnoException) => {
    gone = true;
    if (!readerGone.has(error.code ?? '')) lost ??= error;
    release();
  });
  return {
    write: (text) => gone || stream.write(text),
    room: () => (gone ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    lost: () => lost,
  };
}

/** Whatever is printed: control characters of imported names and texts must not steer the terminal. Lines stay lines. */
function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (c) => (c === '\n' || c === '\t' ? c : '\ufffd'));
}

/** The same value, with the control characters that JSON leaves as they are (DEL, C1, direction marks) escaped. */
function harmlessJson(value: unknown, indent?: number): string {
  const text = JSON.stringify(value, null, indent);
  return text.replace(
    /[\u007f-\u009f\p{Bidi_Control}]/gu,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** As one line: of a foreign name in the middle of a sentence. */
export function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, (c) => (c === '\n' || c === '\t' ? ' ' : '\ufffd'));
}

/** Columns as wide as they need to be; numbers are aligned right. */
export function table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => (cell === null ? '–' : plain(String(cell)))));
  const widths = head.map((_, i) => Math.max(...cells.map((row) => row[i]?.length ?? 0)));
  const isNumber = head.map(
    (_, i) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === 'number'),
  );
  const lines = cells.map((row) =>
    row
      .map((cell, i) => (isNumber[i] ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  return lines.join('\n');
}

/** As a word of a command that a shell reads. */
export function shellWord(text: string): string {
  return /^[\w:.-]+$/.test(text) ? text : `'${plain(text).replaceAll("'", `'\\''`)}'`;
}
