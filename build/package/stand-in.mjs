// A folder that electron-builder takes for Electron, on machines that cannot have the real one: the names, and nothing in them.
import fs from 'node:fs';
import path from 'node:path';
import { log } from 'builder-util';

const executables = { linux: ['electron'], windows: ['electron.exe'], mac: [] };

/** Makes the folder and returns it. */
export function standInElectron(folder, platform = 'linux') {
  fs.mkdirSync(path.join(folder, 'resources'), { recursive: true });
  fs.mkdirSync(path.join(folder, 'locales'), { recursive: true });
  // Empty folders would not be copied.
  fs.writeFileSync(path.join(folder, 'resources', 'placeholder'), '');
  fs.writeFileSync(path.join(folder, 'locales', 'en-US.pak'), '');
  for (const name of executables[platform]) fs.writeFileSync(path.join(folder, name), '', { mode: 0o755 });
  return folder;
}

/** Runs electron-builder with its log held back; an error carries it as `said`. */
export async function quietly(work) {
  const said = [];
  const { stream } = log;
  log.stream = { write: (text) => said.push(text) > 0 };
  try {
    return await work();
  } catch (error) {
    throw Object.assign(error, {
      said: said
        .join('')
        .split('\n')
        .map((line) => line.slice(0, 300))
        .slice(-20)
        .join('\n'),
    });
  } finally {
    log.stream = stream;
  }
}
