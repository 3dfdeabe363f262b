import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { progress, say } from './log.mjs';
import { partialDir, platformKey } from './paths.mjs';
import { lastLine, run } from './run.mjs';

const script = fileURLToPath(new URL('./unpack_wheel.py', import.meta.url));
/** Measured once; pip does not tell a size beforehand. */
export const expectedBytes = { cpu: 275e6, cuda: 600e6 };

/** Fetches TensorFlow's wheel and, for CUDA, the nvidia wheels that it names. Wheels fetched by an earlier attempt are used again. */
export async function fetchWheels({ env, flavour, python }) {
  const dir = path.join(partialDir(env), `wheels-${flavour}`);
  fs.mkdirSync(dir, { recursive: true });
  const packageName = flavour === 'cpu' && platformKey === 'linux-x64' ? 'tensorflow-cpu' : 'tensorflow';
  const stem = packageName.replace('-', '_');
  const find = () => fs.readdirSync(dir).find((file) => file.startsWith(`${stem}-`) && file.endsWith('.whl'));
  if (find() === undefined) {
    const label = flavour === 'cuda' ? 'TensorFlow with CUDA' : 'TensorFlow';
    say(`fetching ${label} as a Python wheel (about ${Math.round(expectedBytes[flavour] / 1e6)} MB)`);
    await pipDownload({ env, python, dir, wanted: [packageName], label });
  }
  const main = path.join(dir, find());
  if (flavour !== 'cuda') return [main];
  const asked = await run(python[0], [...python.slice(1), script, 'requirements', main], { env });
  const wanted = asked.stdout.split('\n').filter(Boolean);
  const missing = wanted.filter((requirement) => {
    const name = /^[A-Za-z0-9_.-]+/.exec(requirement)[0].replaceAll('-', '_');
    return !fs.readdirSync(dir).some((file) => file.startsWith(`${name}-`) && file.endsWith('.whl'));
  });
  if (missing.length > 0) {
    say(`fetching CUDA's libraries as Python wheels (${missing.length} of them, about 2.5 GB in all)`);
    // One at a time: what has come is kept when a later one breaks off.
    for (const requirement of missing)
      await pipDownload({ env, python, dir, wanted: [requirement], label: requirement });
  }
  return [
    main,
    ...fs
      .readdirSync(dir)
      .filter((file) => file.startsWith('nvidia_'))
      .map((file) => path.join(dir, file)),
  ];
}

export async function unpackWheels({ env, python, wheels, dir }) {
  const unpacked = await run(python[0], [...python.slice(1), script, 'unpack', dir, ...wheels], { env });
  if (unpacked.status !== 0) {
    // A wheel that cannot be read is fetched again next time.
    for (const file of wheels) fs.rmSync(file, { force: true });
    throw new Error(`Python wheel: could not unpack it (${lastLine(unpacked.stderr)})`);
  }
  for (const file of wheels) fs.rmSync(file, { force: true });
}

/**
 * `pip download` with its patience cut short: an index that is out of reach is asked once again and no more. Where the Python at
 * hand is too new or too old for a published wheel, wheels of other Python versions do as well, since no Python code is used.
 */
async function pipDownload({ env, python, dir, wanted, label }) {
  const scratch = path.join(dir, 'pip');
  const base = [
    '-m',
    'pip',
    'download',
    '--no-deps',
    '--only-binary=:all:',
    '--retries',
    '1',
    '--timeout',
    '15',
    '--progress-bar',
    'off',
    '--disable-pip-version-check',
  ];
  const other = ['3.12', '3.11', '3.13', '3.10'].map((version) => [
    '--python-version',
    version,
    '--implementation',
    'cp',
    ...platformTags(),
  ]);
  const startedAtMs = Date.now();
  let reason = '';
  for (const extra of [[], ...other]) {
    fs.rmSync(scratch, { recursive: true, force: true });
    fs.mkdirSync(scratch, { recursive: true });
    const timer = setInterval(() => progress(label, folderBytes(scratch)), 1_000);
    // pip writes what it fetches below TMPDIR: there its growth can be watched, and a broken attempt leaves nothing in /tmp.
    const childEnv = { ...env, TMPDIR: scratch };
    const asked = await run(python[0], [...python.slice(1), ...base, ...extra, '--dest', scratch, ...wanted], {
      env: childEnv,
    });
    clearInterval(timer);
    if (asked.status === 0) {
      for (const file of fs.readdirSync(scratch).filter((name) => name.endsWith('.whl')))
        fs.renameSync(path.join(scratch, file), path.join(dir, file));
      fs.rmSync(scratch, { recursive: true, force: true });
      return;
    }
    reason = reason || lastLine(asked.stderr).replace(/^ERROR: /, '');
    // Only "no such wheel for this Python" is worth another question, and only where the answer came quickly: behind a firewall that
    // swallows packets each question costs half a minute.
    if (!/No matching distribution/.test(asked.stderr) || Date.now() - startedAtMs > 20_000) break;
  }
  fs.rmSync(scratch, { recursive: true, force: true });
  throw new Error(`Python wheel: ${reason}`);
}

function platformTags() {
  const tags = {
    'linux-x64': ['manylinux_2_27_x86_64', 'manylinux_2_17_x86_64', 'manylinux2014_x86_64'],
    'linux-arm64': ['manylinux_2_27_aarch64', 'manylinux_2_17_aarch64', 'manylinux2014_aarch64'],
    'darwin-arm64': ['macosx_12_0_arm64'],
    'win32-x64': ['win_amd64'],
  }[platformKey];
  return (tags ?? []).flatMap((tag) => ['--platform', tag]);
}

function folderBytes(dir) {
  let sum = 0;
  for (const entry of fs.readdirSync(dir, { withFileTypes: true, recursive: true })) {
    try {
      if (entry.isFile()) sum += fs.statSync(path.join(entry.parentPath ?? entry.path, entry.name)).size;
    } catch {
      // It was moved meanwhile.
    }
  }
  return sum;
}
