import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { commandText } from '../shared/domain/programs.ts';
import type { Program } from '../shared/domain/programs.ts';
import { personalFile, writePersonalFile } from './personal-file.ts';

/** Programs that may be started for this command and its children, one per line: `--allow-command` adds to it. */
const allowedVariable = 'FLIPGUARD_ALLOW_COMMANDS';

/**
 * Which programs the person of this machine has named. A suite, a spec and a workspace can come from other people; that one of them
 * names a program does not start it.
 */
function listFile(env: NodeJS.ProcessEnv): string {
  return personalFile('allowed-commands.json', env);
}

function readList(env: NodeJS.ProcessEnv): string[] {
  try {
    const list: unknown = JSON.parse(readFileSync(listFile(env), 'utf8'));
    return Array.isArray(list) ? list.filter((one) => typeof one === 'string') : [];
  } catch {
    return [];
  }
}

/** Where it runs belongs to what it is: the same words elsewhere may be another program. */
function keyOf({ command, folder }: Pick<Program, 'command' | 'folder'>): string {
  return JSON.stringify([path.resolve(folder ?? '.'), ...command]);
}

/** The person named it: it may run on this machine from now on. */
export function rememberProgram(
  program: Pick<Program, 'command' | 'folder'>,
  env: NodeJS.ProcessEnv = process.env,
): void {
  const list = readList(env);
  const key = keyOf(program);
  if (list.includes(key)) return;
  writePersonalFile(listFile(env), [...list, key]);
}

/** Allows programs for this process and its children, by their words. */
export function allowPrograms(texts: readonly string[], env: NodeJS.ProcessEnv = process.env): void {
  if (texts.length === 0) return;
  env[allowedVariable] = [...new Set([...allowedTexts(env), ...texts])].join('\n');
}

function allowedTexts(env: NodeJS.ProcessEnv): string[] {
  return (env[allowedVariable] ?? '').split('\n').filter((text) => text !== '');
}

/** @throws WorkbenchError `bad-input` that shows the program and how to allow it, unless the person of this machine has. */
export function requireAllowedProgram(program: Program, what: string, env: NodeJS.ProcessEnv = process.env): void {
  const text = commandText(program);
  if (readList(env).includes(keyOf(program)) || allowedTexts(env).includes(text)) return;
  const place = program.folder === undefined ? '' : ` in ${program.folder}`;
  throw new WorkbenchError(
    'bad-input',
    `${what} runs a program on this machine, which has not been allowed: ${text}${place}.`,
    {
      remedy: `Look at what it does. If you trust it: --allow-command '${text.replaceAll("'", "'\\''")}'.`,
      place: { field: 'command' },
      consent: { kind: 'program', command: text },
    },
  );
}
