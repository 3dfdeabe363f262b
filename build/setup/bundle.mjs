// `out/` is built when the sources it came from have changed since, told by one digest over their paths, sizes and times.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { say } from './log.mjs';
import { findNode } from './node-runtime.mjs';
import { checkoutDir, modulesDir } from './paths.mjs';
import { lastLine, run } from './run.mjs';

/** What each part is built from. `renderer` is all that the web shell needs; `all` adds the main side and preload for Electron. */
const inputs = {
  renderer: ['src-renderer', 'src-main/shared', 'electron.vite.config.ts', 'package-lock.json'],
  all: ['src-renderer', 'src-main', 'electron.vite.config.ts', 'package-lock.json'],
};
const page = path.join(checkoutDir, 'out', 'renderer', 'index.html');

/**
 * @param {'renderer' | 'all'} part
 * @returns {Promise<{ ok: true } | { ok: false, reason: string }>}
 */
export async function ensureBundle(part) {
  const bundler = path.join(modulesDir, 'electron-vite', 'bin', 'electron-vite.js');
  // A packaged or copied tree without the bundler runs with the output it came with.
  if (!fs.existsSync(bundler))
    return fs.existsSync(page) ? { ok: true } : { ok: false, reason: 'neither out/ nor electron-vite is here' };
  const stamp = digest(inputs[part]);
  if (readStamp(part) === stamp && fs.existsSync(page)) return { ok: true };
  say('building the interface (out/)');
  const node = findNode();
  if (node === undefined) return { ok: false, reason: 'no Node 24 to build with' };
  const env = { ...process.env, FLIPGUARD_BUILD: part };
  const built = await run(node, [bundler, 'build', '--logLevel', 'warn'], { cwd: checkoutDir, env });
  if (built.status !== 0) return { ok: false, reason: errorOf(built) };
  writeStamp(part, stamp);
  if (part === 'all') writeStamp('renderer', digest(inputs.renderer));
  return { ok: true };
}

function digest(paths) {
  const hash = crypto.createHash('sha256');
  for (const input of paths) add(hash, path.join(checkoutDir, input));
  return hash.digest('hex');
}

function add(hash, file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    for (const name of fs.readdirSync(file).sort()) add(hash, path.join(file, name));
  } else hash.update(`${path.relative(checkoutDir, file)}\0${stat.size}\0${stat.mtimeMs}\n`);
}

function readStamp(part) {
  try {
    return fs.readFileSync(stampFile(part), 'utf8');
  } catch {
    return undefined;
  }
}

function writeStamp(part, stamp) {
  fs.writeFileSync(stampFile(part), stamp);
}

function stampFile(part) {
  return path.join(checkoutDir, 'out', `.stamp-${part}`);
}

function errorOf({ stderr, stdout }) {
  const text = stripVTControlCharacters(`${stdout}\n${stderr}`);
  const at = text.search(/error/i);
  return at >= 0 ? text.slice(at, at + 600).trim() : lastLine(text);
}
