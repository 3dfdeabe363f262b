// `npm test`: every check and every test that this machine can run in minutes, closing with `N passed, N failed, N skipped`.
// `npm run test:long`: the tests in `*.long.test.ts`, each of which takes a quiet machine a quarter of a minute or more.
// `npm test -- PATH …` runs the tests of the path alone. `npm test -- --changed` is for the inner loop: it lints and formats what
// differs from the last commit, checks all types, and runs the tests that reach a changed file.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { ensureBundle } from './setup/bundle.mjs';
import { ensureNative } from './setup/ensure-native.mjs';
import { compileCache, runInForeground } from './setup/launch.mjs';
import { findNode, nodeMissingMessage } from './setup/node-runtime.mjs';
import { checkoutDir, modulesDir } from './setup/paths.mjs';
import { run } from './setup/run.mjs';

process.chdir(checkoutDir);
const node = findNode();
if (node === undefined) {
  process.stderr.write(`${nodeMissingMessage()}\n`);
  process.exit(3);
}
// Tools that start `node` themselves get the same one, and all of them find what another compiled.
const env = {
  ...compileCache(process.env),
  ...process.env,
  PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH}`,
};
const isLong = process.argv.includes('--long');
const narrowed = process.argv.slice(2).filter((word) => word !== '--long');
const changedOnly = narrowed.includes('--changed');

const failedChecks = [];
const native = await ensureNative();
if (!native.ok) process.stdout.write(`TensorFlow's native library is not here: ${native.tried.join('; ')}\n`);
// Only these open the built interface.
const needsBundle =
  narrowed.length === 0 ||
  changedOnly ||
  narrowed.some((path) => /browser|electron|security|journeys|shells/.test(path));
if (needsBundle && fs.existsSync('src-renderer/index.html')) {
  const bundle = await ensureBundle('all');
  if (!bundle.ok) failCheck('build', bundle.reason);
}
if (narrowed.length === 0 && !isLong) await runChecks(['.']);
else if (changedOnly) await runChecks(await changedFiles());
const counts = await runTests();
for (const { file, reason, number } of grouped(counts.skips))
  process.stdout.write(`skipped: ${number} in ${file}: ${reason}\n`);
for (const failure of [...failedChecks, ...counts.failures]) process.stdout.write(`failed: ${failure}\n`);
const failed = counts.failed + failedChecks.length;
process.stdout.write(`${counts.passed} passed, ${failed} failed, ${counts.skipped} skipped\n`);
process.exitCode = failed > 0 || counts.passed === 0 ? 1 : 0;

/** Lint and formatting of the given paths, types and import rules of everything. */
async function runChecks(paths) {
  const typescript = tool('typescript-native/bin/tsc');
  const checks = [
    ...lints(paths),
    ...['src-main/shared', 'src-main/engine', 'src-main/preload', 'src-main', 'test', 'build'].map((dir) => [
      `types of ${dir}`,
      typescript,
      '-p',
      `${dir}/tsconfig.json`,
    ]),
    ['types of the configurations', typescript, '-p', 'tsconfig.tools.json'],
    ['types of src-renderer', tool('vue-tsc/bin/vue-tsc.js'), '-p', 'src-renderer/tsconfig.json'],
    [
      'import rules',
      tool('dependency-cruiser/bin/dependency-cruiser.mjs'),
      'src-main',
      'src-renderer',
      '--config',
      '.dependency-cruiser.cjs',
    ],
    [
      'formatting',
      tool('prettier/bin/prettier.cjs'),
      '--check',
      '--cache',
      '--log-level',
      'warn',
      '--ignore-unknown',
      ...paths,
    ],
  ].filter(([name]) => paths.length > 0 || name !== 'formatting');
  // Two at a time: more would only share the same memory and cores.
  const queue = [...checks];
  await Promise.all([worker(queue), worker(queue)]);
}

/** One linter for the rules that ask for types, one for the others. */
function lints(paths) {
  if (paths.length === 0) return [];
  const all = paths[0] === '.';
  const sources = paths.filter((path) => /\.(ts|vue)$/.test(path));
  return [
    ...(all || sources.length > 0 ? [['typed lint', 'build/lint/typed.mjs', ...sources]] : []),
    [
      'lint',
      tool('eslint/bin/eslint.js'),
      ...paths,
      '--no-warn-ignored',
      '--cache',
      '--cache-location',
      'node_modules/.cache/eslint/',
      '--max-warnings',
      '0',
    ],
  ];
}

/** Tracked files that differ from the last commit, and new ones. */
async function changedFiles() {
  const asked = await run('git', ['status', '--porcelain=v1', '-z', '--no-renames', '--untracked-files=all'], {
    cwd: checkoutDir,
  });
  return asked.stdout
    .split('\0')
    .filter((line) => line !== '' && !/^(.D|D.)/.test(line))
    .map((line) => line.slice(3));
}

async function worker(queue) {
  for (let check = queue.shift(); check !== undefined; check = queue.shift()) {
    const [name, ...args] = check;
    const result = await run(node, args, { env, cwd: checkoutDir });
    if (result.status === 0) process.stdout.write(`ok: ${name}\n`);
    else failCheck(name, `${result.stdout}${result.stderr}${result.error?.message ?? ''}`);
  }
}

function failCheck(name, output) {
  process.stdout.write(`not ok: ${name}\n${output.trim().split('\n').slice(0, 80).join('\n')}\n`);
  failedChecks.push(`check "${name}"`);
}

async function runTests() {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'flipguard-test-'));
  const file = path.join(dir, 'counts.json');
  try {
    const args = [
      tool('vitest/vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=./build/setup/count-reporter.mjs',
      '--passWithNoTests',
      ...chosenTests(),
    ];
    // A word for vitest.config.ts: what the command line excludes is not passed on to its projects.
    const chosen = narrowed.length > 0 || isLong ? {} : { FLIPGUARD_TESTS: 'short' };
    await runInForeground(node, args, { ...env, ...chosen, FLIPGUARD_TEST_COUNTS: file });
    return JSON.parse(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    return { passed: 0, failed: 1, skipped: 0, skips: [], failures: [`vitest did not finish: ${error.message}`] };
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** A path that is named runs, long or not. */
function chosenTests() {
  if (narrowed.length > 0) return narrowed;
  return isLong ? ['.long.test.ts'] : [];
}

function grouped(skips) {
  const groups = new Map();
  for (const { file, reason } of skips) {
    const key = `${file}\0${reason}`;
    const group = groups.get(key) ?? { file, reason, number: 0 };
    group.number += 1;
    groups.set(key, group);
  }
  return [...groups.values()];
}

function tool(relative) {
  return path.join(modulesDir, relative);
}
