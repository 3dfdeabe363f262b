import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

let dir: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  dir = mkdtempSync(path.join(os.tmpdir(), 'flipguard-setup-'));
  const tfjs = path.join(dir, 'modules/@tensorflow/tfjs-node-gpu');
  mkdirSync(tfjs, { recursive: true });
  cpSync('node_modules/@tensorflow/tfjs-node-gpu/package.json', path.join(tfjs, 'package.json'));
  env = {
    ...process.env,
    FLIPGUARD_MODULES_DIR: path.join(dir, 'modules'),
    FLIPGUARD_CACHE: path.join(dir, 'cache'),
    // Port 9 of this machine: refused at once, as a closed network would.
    FLIPGUARD_TENSORFLOW_HOST: 'http://127.0.0.1:9',
    FLIPGUARD_PYTHON: path.join(dir, 'no-such-python'),
    FLIPGUARD_SYSTEM_TENSORFLOW: 'off',
    FLIPGUARD_LIBTENSORFLOW_DIR: '',
  };
});
afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

async function setUp(extra: NodeJS.ProcessEnv = {}) {
  const script =
    "import('./build/setup/ensure-native.mjs').then(async (m) => console.log(JSON.stringify(await m.ensureNative())))";
  const { stdout, stderr } = await promisify(execFile)(process.execPath, ['-e', script], { env: { ...env, ...extra } });
  const lines = stderr.split('\n').filter((line) => line.startsWith('set-up:'));
  return { result: JSON.parse(stdout) as { ok: boolean; tried: string[] }, lines };
}

describe('set-up on a machine that reaches nothing', () => {
  it('says in two lines what was tried and continues', async () => {
    const { result, lines } = await setUp();
    expect(result.ok).toBe(false);
    expect(result.tried).toEqual([
      'turned off by FLIPGUARD_SYSTEM_TENSORFLOW',
      expect.stringMatching(/^official download: .*(ECONNREFUSED|refused)/),
      'Python wheel: no python3 with pip here',
    ]);
    expect(lines).toHaveLength(2);
    expect(lines[0]).toContain('could not be had. Tried: ');
    expect(lines[1]).toContain('next backend');
  });

  it('remembers the failure, so that the next start is silent, until a setting changes', async () => {
    await setUp();
    const again = await setUp();
    expect(again.result.ok).toBe(false);
    expect(again.lines).toEqual([]);
    expect((await setUp({ FLIPGUARD_SETUP_RETRY: '1' })).lines).toHaveLength(2);
    expect((await setUp({ FLIPGUARD_TENSORFLOW_HOST: 'http://127.0.0.1:10' })).lines).toHaveLength(2);
  });

  it('leaves no lock and no half-made folder behind', async () => {
    await setUp();
    expect(existsSync(path.join(dir, 'cache/setup.lock'))).toBe(false);
    expect(existsSync(path.join(dir, 'cache/libtensorflow'))).toBe(false);
  });

  it('names a folder that was said to hold the library and does not', async () => {
    const { lines } = await setUp({ FLIPGUARD_LIBTENSORFLOW_DIR: dir });
    expect(lines[0]).toContain(`no TensorFlow library in ${dir} (FLIPGUARD_LIBTENSORFLOW_DIR)`);
  });

  it('waits for another set-up and takes over the lock of one that died', async () => {
    await Promise.all([setUp(), setUp()]);
    const lock = path.join(dir, 'cache/setup.lock');
    await promisify(execFile)(process.execPath, [
      '-e',
      `require('fs').writeFileSync(${JSON.stringify(lock)}, String(process.pid))`,
    ]);
    const { result } = await setUp({ FLIPGUARD_SETUP_RETRY: '1' });
    expect(result.ok).toBe(false);
    expect(existsSync(lock)).toBe(false);
  });
});
