import { chmodSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');
export const cliEntry = path.join(root, 'src-main', 'shells', 'cli', 'main.ts');

/** A command in a folder that starts this checkout, as an installed `flipguard` would; it can claim to be of another version. */
export function installedCommand(folder: string, saysVersion?: string): string {
  const file = path.join(folder, 'flipguard');
  const other = saysVersion === undefined ? '' : `[ "$1" != --version ] || { echo ${saysVersion}; exit 0; }\n`;
  const words = `"${process.execPath}" --disable-warning=ExperimentalWarning "${cliEntry}" "$@"`;
  writeFileSync(file, `#!/bin/sh\n${other}exec ${words}\n`);
  chmodSync(file, 0o755);
  return file;
}
