import { chmod, readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { writeWhole } from '../../system/whole-file.ts';
import { makeFolder } from '../../system/folders.ts';

/** The line by which our own script is known, so that no other program of that name is overwritten. */
const signature = '# Starts FlipGuard Workbench on the command line.';

/** The script that stands for `flipguard` on the path; Windows reads the second form. */
export function commandScript(executable: string, platform: NodeJS.Platform): string {
  return platform === 'win32'
    ? `@rem ${signature.slice(2)}\r\n@"${executable}" --cli %*\r\n`
    : `#!/bin/sh\n${signature}\nexec '${executable.replaceAll("'", "'\\''")}' --cli "$@"\n`;
}

export interface InstalledCommand {
  file: string;
  /** Whether a shell finds it: its folder is in PATH. */
  onPath: boolean;
}

/**
 * Puts `flipguard` into the folder of a person's own programs.
 * @throws WorkbenchError `conflict` when another program of that name is there.
 */
export async function installCommand(
  executable: string,
  folder: string = commandFolder(),
  platform: NodeJS.Platform = process.platform,
): Promise<InstalledCommand> {
  const file = path.join(folder, platform === 'win32' ? 'flipguard.cmd' : 'flipguard');
  const there = await readFile(file, 'utf8').catch(() => null);
  if (there !== null && !there.includes(signature.slice(2)))
    throw new WorkbenchError('conflict', `${file} is another program.`, { remedy: 'Rename it, then install again.' });
  await makeFolder(folder);
  await writeWhole(file, commandScript(executable, platform));
  await chmod(file, 0o755);
  const onPath = (process.env['PATH'] ?? '').split(path.delimiter).includes(folder);
  return { file, onPath };
}

/** Where programs of one person go. */
export function commandFolder(): string {
  return process.platform === 'win32'
    ? path.join(process.env['LOCALAPPDATA'] ?? path.join(os.homedir(), 'AppData', 'Local'), 'FlipGuard', 'bin')
    : path.join(os.homedir(), '.local', 'bin');
}
