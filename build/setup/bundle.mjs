// `out/` is built when the sources it came from have changed since, told by one digest over their paths, sizes and times.
import crypto from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { say } from './log.mjs';
import { findNode } from './node-runtime.mjs';
import { checkoutDir, modulesDir } from './paths.mjs';
import { lastLine, run } from './run.mjs';

const inputs = ['src-main', 'src-renderer', 'electron.vite.config.ts', 'package-lock.json'];
const stampFile = path.join(checkoutDir, 'out', '.stamp');

/** @returns {Promise<{ ok: true } | { ok: false, reason: string }>} */
export async function ensureBundle({ force = false } = {}) {
  const bundler = path.join(modulesDir, 'electron-vite', 'bin', 'electron-vite.js');
  // A packaged or copied tree without the bundler runs with the output it came with.
  if (!fs.existsSync(bundler))
    return fs.existsSync(path.join(checkoutDir, 'out', 'renderer', 'index.html'))
      ? { ok: true }
      : { ok: false, reason: 'neither out/ nor electron-vite is here' };
  const stamp = digest();
  if (!force && readStamp() === stamp) return { ok: true };
  say('building the interface (out/)');
  const node = findNode();
  if (node === undefined) return { ok: false, reason: 'no Node 24 to build with' };
  const built = await run(node, [bundler, 'build', '--logLevel', 'warn'], { cwd: checkoutDir });
  if (built.status !== 0) return { ok: false, reason: errorOf(built) };
  fs.writeFileSync(stampFile, stamp);
  return { ok: true };
}

function digest() {
  const hash = crypto.createHash('sha256');
  for (const input of inputs) add(hash, path.join(checkoutDir, input));
  return hash.digest('hex');
}

function add(hash, file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return;
  if (stat.isDirectory()) {
    for (const name of fs.readdirSync(file).sort()) add(hash, path.join(file, name));
  } else hash.update(`${path.relative(checkoutDir, file)}\0${stat.size}\0${stat.mtimeMs}\n`);
}

function readStamp() {
  try {
    return fs.readFileSync(stampFile, 'utf8');
  } catch {
    return undefined;
  }
}

function errorOf({ stderr, stdout }) {
  const text = `${stdout}\n${stderr}`;
  const at = text.search(/error/i);
  return at >= 0 ? text.slice(at, at + 600).trim() : lastLine(text);
}
