import { appendFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';
import { version } from '../workbench/version.ts';
import { sharedCacheFolder } from '../workbench/workspace/workspace-layout.ts';
import { makeFolderSync } from '../system/folders.ts';

/** A log that has grown beyond this is set aside once, so that it never fills a disk. */
const maxLogBytes = 4 * 1024 * 1024;

/** Where defects of the program are written down, with everything a maintainer needs. Terminals and windows show a sentence. */
export function defectLog(env: NodeJS.ProcessEnv = process.env): string {
  return path.join(sharedCacheFolder(env), 'defects.log');
}

/** Writes a defect down; returns the log's path, or null when it could not be written. Never throws. */
export function noteDefect(where: string, error: unknown): string | null {
  const file = defectLog();
  const said = error instanceof Error ? (error.stack ?? `${error.name}: ${error.message}`) : String(error);
  const entry = `${new Date().toISOString()} flipguard ${version}, node ${process.versions.node}, ${process.platform}: ${where}\n${said}\n\n`;
  try {
    makeFolderSync(path.dirname(file), 0o700);
    if ((statSync(file, { throwIfNoEntry: false })?.size ?? 0) > maxLogBytes) renameSync(file, `${file}.old`);
    appendFileSync(file, entry, { mode: 0o600 });
    return file;
  } catch {
    return null;
  }
}

export interface LastResort {
  /** Where the sentence goes. */
  say(text: string): void;
  /** Ends runs with a checkpoint and closes what is open. */
  close(): Promise<void>;
  /** Ends the program with this status. */
  exit(status: number): void;
}

const closeWithinMs = 20_000;
const failure = 3;

/**
 * The last resort of a shell. A promise that nobody took is written down and said, and the program continues: what it belonged
 * to has failed on its own. After an exception that nobody caught nothing can be relied on: runs end with a checkpoint, the
 * workspace is closed, and the program ends. Answers what takes the handlers away again.
 */
export function installLastResort({ say, close, exit }: LastResort): () => void {
  let ending = false;
  const rejected = (error: unknown): void => {
    say(sentence('Something failed that should not have', noteDefect('unhandled rejection', error)));
  };
  const thrown = (error: unknown): void => {
    const log = noteDefect('uncaught exception', error);
    if (ending) return;
    ending = true;
    say(sentence('The workbench met a defect and ends; runs stop with a checkpoint', log));
    const overdue = setTimeout(() => exit(failure), closeWithinMs);
    close()
      .catch((second: unknown) => noteDefect('closing after a defect', second))
      .finally(() => {
        clearTimeout(overdue);
        exit(failure);
      });
  };
  process.on('unhandledRejection', rejected);
  process.on('uncaughtException', thrown);
  return () => {
    process.off('unhandledRejection', rejected);
    process.off('uncaughtException', thrown);
  };
}

function sentence(what: string, log: string | null): string {
  return log === null ? `${what}. It could not be written down.` : `${what}. What happened is in ${log}.`;
}
