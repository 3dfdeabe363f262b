import { existsSync, readFileSync } from 'node:fs';

/** package.json is two folders above the sources and the bundle, three above a chunk of the bundle. */
const manifest = ['../../package.json', '../../../package.json']
  .map((name) => new URL(name, import.meta.url))
  .find((file) => existsSync(file));

/** The product's version. */
export const version: string =
  manifest === undefined ? 'unknown' : (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
