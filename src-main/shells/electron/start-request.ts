import path from 'node:path';
import { placeOfLink } from './links.ts';

/** What a start of the program asks for: by a person's shell, by the system for a file or a link, or by a second start. */
export interface StartRequest {
  /** Folder of the workspace that was named. */
  readonly workspace: string | null;
  /** A workspace file or a report to open. */
  readonly file: string | null;
  /** Address in the interface, from a flipguard:// link. */
  readonly place: string | null;
  /** Words of a command line: the program runs it and opens no window. */
  readonly command: readonly string[] | null;
}

export const workspaceFileEnding = '.flipguard';
const reportEndings = ['.html', '.htm', '.json'];

/** Reads the arguments after the executable. Switches of Chromium's and what is not understood are passed over. */
export function parseStart(args: readonly string[], cwd: string): StartRequest {
  const cli = args.indexOf('--cli');
  if (cli >= 0) return { workspace: null, file: null, place: null, command: args.slice(cli + 1) };
  let workspace: string | null = null;
  let file: string | null = null;
  let place: string | null = null;
  for (let i = 0; i < args.length; i += 1) {
    const word = args[i] ?? '';
    if (word === '--workspace') workspace = args[(i += 1)] ?? null;
    else if (word.startsWith('--workspace=')) workspace = word.slice('--workspace='.length);
    else if (word.startsWith('flipguard://')) place = placeOfLink(word);
    else if (isOpenable(word)) file = path.resolve(cwd, word);
  }
  return { workspace: workspace === null ? null : path.resolve(cwd, workspace), file, place, command: null };
}

/** Whether the workbench is the one to open a file of this name. */
export function isOpenable(name: string): boolean {
  return !name.startsWith('-') && (isWorkspaceFile(name) || reportEndings.includes(path.extname(name).toLowerCase()));
}

export function isWorkspaceFile(name: string): boolean {
  return path.extname(name).toLowerCase() === workspaceFileEnding;
}
