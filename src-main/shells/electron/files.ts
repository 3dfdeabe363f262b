import path from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the built bundle, `out/…`: this module may be in `out/main` or in one of its chunks, or in the sources. */
export function bundledFile(name: string, here: string = import.meta.url): string {
  const folder = path.dirname(fileURLToPath(here));
  const out = here.endsWith('.ts')
    ? path.resolve(folder, '../../../out')
    : path.resolve(folder, path.basename(folder) === 'chunks' ? '../..' : '..');
  return path.join(out, name);
}

/** The application's icon as a picture. */
export function iconFile(): string {
  return bundledFile('package/icons/64x64.png');
}
