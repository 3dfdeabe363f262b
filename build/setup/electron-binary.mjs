// Electron's binary is not in its npm package: it is fetched on first use from a release host, which many machines cannot reach.
import fs from 'node:fs';
import path from 'node:path';
import { answers } from './download.mjs';
import { say } from './log.mjs';
import { findNode } from './node-runtime.mjs';
import { modulesDir } from './paths.mjs';
import { lastLine, run } from './run.mjs';

const electronDir = path.join(modulesDir, 'electron');

/**
 * Electron, where it can be run here.
 * @returns {Promise<{ file: string } | { reason: string }>}
 */
export async function ensureElectron(env = process.env) {
  if (env.FLIPGUARD_SHELL === 'web') return { reason: 'FLIPGUARD_SHELL=web asks for it' };
  if (!hasDisplay(env)) return { reason: 'there is no display' };
  // Chromium refuses to run its sandbox as root, and the sandbox is not given up.
  if (process.platform === 'linux' && process.getuid?.() === 0) return { reason: 'Electron does not run as root' };
  return findElectron(env);
}

/**
 * Electron's binary, fetched where it is missing and can be had.
 * @returns {Promise<{ file: string } | { reason: string }>}
 */
export async function findElectron(env = process.env) {
  if (!fs.existsSync(electronDir)) return { reason: 'Electron is not installed' };
  const here = executable(env);
  if (fs.existsSync(here)) return { file: here };
  if (env.ELECTRON_OVERRIDE_DIST_PATH)
    return { reason: `no Electron in ${env.ELECTRON_OVERRIDE_DIST_PATH} (ELECTRON_OVERRIDE_DIST_PATH)` };
  const host = mirror(env);
  const reachable = await answers(host);
  if (!reachable.ok)
    return { reason: `Electron's download is out of reach (${reachable.reason}; ELECTRON_MIRROR names another place)` };
  say('downloading Electron (about 120 MB)');
  const asked = await run(findNode() ?? process.execPath, [path.join(electronDir, 'install.js')], {
    env: withOwnChecksums(env),
    timeoutMs: 15 * 60_000,
  });
  if (asked.status !== 0 || !fs.existsSync(here))
    return { reason: `Electron could not be downloaded (${errorLine(asked.stderr)})` };
  return { file: here };
}

/** The installer compares what comes with the checksums in Electron's npm package, unless it is told to ask the host for them. */
function withOwnChecksums(env) {
  const asksTheHost = ['electron_use_remote_checksums', 'npm_config_electron_use_remote_checksums'];
  return Object.fromEntries(Object.entries(env).filter(([name]) => !asksTheHost.includes(name)));
}

function executable(env) {
  const name =
    { darwin: 'Electron.app/Contents/MacOS/Electron', win32: 'electron.exe' }[process.platform] ?? 'electron';
  return path.join(env.ELECTRON_OVERRIDE_DIST_PATH ?? path.join(electronDir, 'dist'), name);
}

/** The places that Electron's own installer looks at for a mirror. */
function mirror(env) {
  return (
    env.npm_config_electron_mirror ??
    env.NPM_CONFIG_ELECTRON_MIRROR ??
    env.ELECTRON_MIRROR ??
    'https://github.com/electron/electron/releases/'
  );
}

function hasDisplay(env) {
  return process.platform !== 'linux' || Boolean(env.DISPLAY || env.WAYLAND_DISPLAY);
}

function errorLine(stderr) {
  return (
    stderr
      .split('\n')
      .find((line) => /error/i.test(line))
      ?.trim() ?? lastLine(stderr)
  );
}
