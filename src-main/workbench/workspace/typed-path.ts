import { realpath, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { asFileError } from './file-errors.ts';

/** Folders of the system that hold no files of people. */
const systemFolders = ['/proc', '/sys', '/dev', '/run'];
/** Hidden folders in which models and data sets are kept. */
const openHidden = new Set(['.cache', '.local', '.ollama', '.lmstudio']);

/**
 * The file or folder that a typed path means. `~` is the home folder; quotes around it and `file://` in front, as they come with
 * a path that was copied, are taken off.
 * @throws WorkbenchError with what is wrong with it.
 */
export async function placeOf(typed: string): Promise<{ file: string; kind: 'file' | 'folder' }> {
  const text = withoutWrapping(typed);
  if (text === '') throw unusable(typed, 'it is empty');
  if (text.includes('\0')) throw unusable(typed, 'it has a character that no path has');
  const named = text === '~' || /^~[\\/]/.test(text) ? path.join(os.homedir(), text.slice(1)) : text;
  if (!path.isAbsolute(named))
    throw unusable(typed, 'it is not a whole path', 'Begin with / (or a drive), or with ~/.');
  const file = await realOf(path.resolve(named));
  const hidden = file.split(path.sep).find((part) => part.startsWith('.') && !openHidden.has(part));
  if (hidden !== undefined)
    throw unusable(
      typed,
      `“${hidden}” is hidden, and hidden files are not opened from a window`,
      'Import it with flipguard import.',
    );
  if (systemFolders.some((folder) => file === folder || file.startsWith(`${folder}/`)))
    throw unusable(typed, 'it belongs to the system');
  const found = await stat(file);
  if (found.isDirectory()) return { file, kind: 'folder' };
  if (found.isFile()) return { file, kind: 'file' };
  throw unusable(typed, 'it is neither a file nor a folder');
}

function withoutWrapping(typed: string): string {
  const text = typed.trim().replace(/^(["'])(.*)\1$/, '$2');
  if (!/^file:\/\//i.test(text)) return text;
  try {
    return fileURLToPath(text);
  } catch {
    return text;
  }
}

async function realOf(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    throw asFileError(error, file, 'read');
  }
}

function unusable(typed: string, why: string, remedy = 'Check the path.'): WorkbenchError {
  return new WorkbenchError('bad-input', `“${typed.trim().slice(0, 200)}” cannot be opened: ${why}.`, { remedy });
}
