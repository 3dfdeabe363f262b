/** Writes the pages of docs/reference from the schemas and the program: `npm run docs`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { referencePages } from './pages.ts';

const folder = fileURLToPath(new URL('../../docs/reference/', import.meta.url));
mkdirSync(folder, { recursive: true });
for (const [name, text] of Object.entries(referencePages())) writeFileSync(path.join(folder, name), text);
