// The main side runs from TypeScript sources, which Node does by itself from 24 on. The host may have an older one;
// then the Node that came with `npm ci` as an optional dependency is used.
import fs from 'node:fs';
import path from 'node:path';
import { modulesDir } from './paths.mjs';

export const oldestMajor = 24;

export function findNode() {
  if (Number(process.versions.node.split('.')[0]) >= oldestMajor && !process.versions.electron) return process.execPath;
  const program = process.platform === 'win32' ? 'node.exe' : path.join('bin', 'node');
  for (const dir of nodePackages()) {
    for (const candidate of [path.join(dir, program), path.join(dir, 'bin', path.basename(program))])
      if (fs.existsSync(candidate)) return candidate;
  }
  return undefined;
}

export function nodeMissingMessage() {
  return (
    `Node ${oldestMajor} or newer is needed and this is ${process.version}; the one that comes with the dependencies is not there.\n` +
    'Run `npm ci` (without --omit=optional), or install Node 24, and start again.'
  );
}

/** Folder with node_api.h, for compiling the TensorFlow binding. The interface is frozen per level, so any Node's will do. */
export function findNodeHeaders() {
  const candidates = [
    ...nodePackages().map((dir) => path.join(dir, 'include', 'node')),
    path.join(path.dirname(process.execPath), '..', 'include', 'node'),
    ...(process.config.variables.node_prefix
      ? [path.join(process.config.variables.node_prefix, 'include', 'node')]
      : []),
    path.join(modulesDir, 'node-api-headers', 'include'),
    '/usr/include/node',
  ];
  return candidates.find((dir) => fs.existsSync(path.join(dir, 'node_api.h')));
}

function nodePackages() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const names = [`node-${platform}-${process.arch}`, `node-bin-${platform}-${process.arch}`];
  return names.map((name) => path.join(modulesDir, name)).filter((dir) => fs.existsSync(dir));
}
