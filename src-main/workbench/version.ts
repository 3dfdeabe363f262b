import { readFileSync } from 'node:fs';

/** The product's version, from package.json: beside the sources or beside the bundle, two folders up. */
export const version: string = (
  JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }
).version;
