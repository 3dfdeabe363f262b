import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import packaged from '@sparticuz/chromium';
import { chromium } from 'playwright-core';
import type { Browser } from 'playwright-core';
import { patienceMs } from './patience.ts';

/** The package's own arguments put everything into one process, which ends with its first closed page. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--no-first-run',
  '--font-render-hinting=none',
  '--force-color-profile=srgb',
];

/** Starts a real Chromium: one that is named, the one out of npm, or an installed one. */
export async function launchChromium(): Promise<Browser> {
  const failures: string[] = [];
  for (const start of [named, fromPackage, fromPackageWithItsLibraries, installed]) {
    try {
      const browser = await start();
      if (browser !== null) return browser;
    } catch (error) {
      failures.push(String(error).split('\n')[0] ?? '');
    }
  }
  throw new Error(`no Chromium starts on this machine: ${failures.join('; ')}`);
}

function named(): Promise<Browser> | null {
  const file = process.env['FLIPGUARD_CHROMIUM'];
  return file === undefined ? null : chromium.launch({ executablePath: file, args, timeout: patienceMs });
}

async function fromPackage(): Promise<Browser> {
  return chromium.launch({ executablePath: path.join(await unpacked(), 'chromium'), args, timeout: patienceMs });
}

/** On a bare machine Chromium misses libraries such as libnss3; the package brings them. */
async function fromPackageWithItsLibraries(): Promise<Browser> {
  const folder = await unpacked();
  const libraries = path.join(folder, 'al2023', 'lib');
  return chromium.launch({
    executablePath: path.join(folder, 'chromium'),
    args,
    timeout: patienceMs,
    env: { ...definedEnvironment(), LD_LIBRARY_PATH: libraries },
  });
}

function installed(): Promise<Browser> | null {
  const file = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((one) =>
    existsSync(one),
  );
  return file === undefined ? null : chromium.launch({ executablePath: file, args, timeout: patienceMs });
}

/**
 * The package unpacks into the folder for temporary files and takes a file that exists for a whole one, so two tests that
 * start at once get in each other's way. Here each unpacks apart, and the first to finish gives its folder the shared name.
 */
async function unpacked(): Promise<string> {
  const home = path.join(tmpdir(), `flipguard-chromium-${await packageVersion()}`);
  if (existsSync(home)) return home;
  const own = await mkdtemp(path.join(tmpdir(), 'flipguard-chromium-'));
  // Named as a platform that lacks libraries, the package unpacks those it brings.
  await withEnvironment({ TMPDIR: own, AWS_LAMBDA_JS_RUNTIME: 'nodejs24.x' }, () => packaged.executablePath());
  await rename(own, home).catch(() => rm(own, { recursive: true, force: true }));
  return home;
}

async function packageVersion(): Promise<string> {
  const main = createRequire(import.meta.url).resolve('@sparticuz/chromium');
  const manifest = JSON.parse(await readFile(path.join(main, '../../package.json'), 'utf8')) as { version: string };
  return manifest.version;
}

async function withEnvironment<T>(changes: Record<string, string>, what: () => Promise<T>): Promise<T> {
  const before = Object.fromEntries(Object.keys(changes).map((name) => [name, process.env[name]]));
  Object.assign(process.env, changes);
  try {
    return await what();
  } finally {
    for (const [name, value] of Object.entries(before)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
