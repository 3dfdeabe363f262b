import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * The folder of the built interface (`out/renderer`): next to the sources, or next to the bundle in `out/main` or one of its
 * chunks. Null when it has not been built.
 */
export function rendererFolder(here: string = import.meta.url): string | null {
  const folder = path.dirname(fileURLToPath(here));
  const candidates = ['../../out/renderer', '../renderer', '../../renderer'].map((name) => path.resolve(folder, name));
  return candidates.find((candidate) => existsSync(path.join(candidate, 'index.html'))) ?? null;
}
