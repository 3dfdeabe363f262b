/**
 * `npm run distributions`: joins @stdlib's distribution functions into one module. As packages they are some 420 files, which every
 * command, every worker thread and every window would look up and load one by one: a third of a command's start.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
export const distributionsFile = at('../../src-main/shared/domain/statistics/distributions.js');

const banner = `/*!
 * Made by "npm run distributions" from the packages @stdlib/stats-base-dists-*; do not edit.
 * Copyright (c) 2016-2026 The Stdlib Authors. Licensed under the Apache License, Version 2.0 (http://www.apache.org/licenses/LICENSE-2.0).
 */
`;

/** What the file has to hold for the packages that are installed. */
export async function joinedDistributions(): Promise<string> {
  const built = await build({
    configFile: false,
    logLevel: 'silent',
    root: at('.'),
    build: {
      write: false,
      target: 'es2023',
      lib: { entry: at('functions.mjs'), formats: ['es'], fileName: 'distributions' },
      rollupOptions: { output: { minify: true } },
    },
  });
  const [output] = Array.isArray(built) ? built : [built];
  const chunk = output !== undefined && 'output' in output ? output.output[0] : undefined;
  if (chunk === undefined) throw new Error('nothing was built');
  return banner + chunk.code;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(distributionsFile, await joinedDistributions());
