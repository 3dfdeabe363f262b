// The ways a TensorFlow library can be had, in the order in which they are tried. Each returns a list of candidates
// `{ dir, flavour, version, origin }`, or throws an Error whose message is the reason a person reads.
import fs from 'node:fs';
import path from 'node:path';
import { answers, download, sizeOf } from './download.mjs';
import { describeLibrary, readRecord, writeRecord } from './library.mjs';
import { say } from './log.mjs';
import { librariesDir, partialDir, platformKey } from './paths.mjs';
import { lastLine, run } from './run.mjs';

/** TensorFlow's archives for C, each with the SHA-256 it was published with: what comes is compared before it is unpacked. */
const officialArchives = JSON.parse(fs.readFileSync(new URL('./archives.json', import.meta.url), 'utf8'));

/** A library fetched before, on this or another checkout. */
export function cached({ env, flavour }) {
  const dir = path.join(librariesDir(env), `${flavour}-${platformKey}`);
  const record = readRecord(dir);
  if (record === undefined) throw new Error('none cached');
  return { dir, flavour, origin: record.origin };
}

/** A folder that the user names. */
export function named({ env, flavour }) {
  const dir = env.FLIPGUARD_LIBTENSORFLOW_DIR;
  if (!dir) throw new Error('FLIPGUARD_LIBTENSORFLOW_DIR is not set');
  if (describeLibrary(dir) === undefined)
    throw new Error(`no TensorFlow library in ${dir} (FLIPGUARD_LIBTENSORFLOW_DIR)`);
  return { dir, flavour, origin: 'FLIPGUARD_LIBTENSORFLOW_DIR' };
}

/** A library that the machine has: the C library's usual places, or the `tensorflow` package of the Python on the path. */
export async function installed({ env, flavour }) {
  if (env.FLIPGUARD_SYSTEM_TENSORFLOW === 'off') throw new Error('turned off by FLIPGUARD_SYSTEM_TENSORFLOW');
  const dirs = process.platform === 'win32' ? [] : ['/usr/local', '/usr', '/opt/homebrew'];
  const python = await findPython(env, []);
  if (python !== undefined) {
    const script =
      'import importlib.util as u; s = u.find_spec("tensorflow"); print(s.submodule_search_locations[0] if s else "")';
    const asked = await run(python[0], [...python.slice(1), '-c', script], { env, timeoutMs: 20_000 });
    const dir = asked.status === 0 ? asked.stdout.trim() : '';
    if (dir) dirs.unshift(dir);
  }
  const dir = dirs.find((candidate) => describeLibrary(candidate)?.includeDir !== undefined);
  if (dir === undefined) throw new Error('none installed on this machine');
  return { dir, flavour, origin: `installed in ${dir}` };
}

/**
 * The archive that TensorFlow publishes for C. Its CUDA build brings no CUDA libraries, so it is only fetched where the system
 * has them. Windows and macOS archives follow TensorFlow's own naming; they could not be tried on those systems.
 */
export async function official({ env, flavour }) {
  const { version, url, sha256, file, label } = await officialArchive(env, flavour);
  const reachable = await answers(url);
  if (!reachable.ok) throw new Error(`official download: ${reachable.reason}`);
  const archive = await download(url, file, { sha256, label });
  return settle({ env, flavour, origin: `official download ${version}` }, async (dir) => {
    // Windows 10 and later carry a tar that reads zip files as well.
    const unpacked = await run('tar', ['-xf', archive, '-C', dir]);
    if (unpacked.status !== 0) {
      fs.rmSync(archive, { force: true });
      throw new Error(`official download: could not unpack it (${lastLine(unpacked.stderr)})`);
    }
    fs.rmSync(archive, { force: true });
  });
}

/**
 * What the archive would cost: `bytes` as its host says, null where it does not, and how many of them are here already.
 * Throws the reason why it cannot be had.
 */
export async function officialOffer({ env, flavour }) {
  const { url, file, label } = await officialArchive(env, flavour);
  const bytes = await sizeOf(url);
  const hereBytes = fs.statSync(`${file}.part`, { throwIfNoEntry: false })?.size ?? 0;
  return { source: 'official', flavour, label, from: new URL(url).host, bytes, hereBytes, exact: bytes !== null };
}

async function officialArchive(env, flavour) {
  const base = (env.FLIPGUARD_TENSORFLOW_HOST || 'https://storage.googleapis.com').replace(/\/+$/, '');
  const published = officialArchives[`${platformKey} ${flavour}`];
  if (published === undefined) throw new Error(`official download: none is known for ${platformKey} (${flavour})`);
  if (flavour === 'cuda' && !(await hasSystemCuda(env)))
    throw new Error('the CUDA archive needs CUDA 12 and cuDNN 9 on the system');
  const { version, file, sha256 } = published;
  return {
    version,
    sha256,
    url: `${base}/tensorflow/versions/${version}/${file}`,
    file: path.join(partialDir(env), `${version}-${file}`),
    label: `TensorFlow ${version} (${flavour})`,
  };
}

/** TensorFlow's Python package: the library and its C headers are inside the wheel, and package mirrors carry it. */
export async function wheel({ env, flavour }) {
  const { fetchWheels, unpackWheels } = await import('./wheel.mjs');
  const python = await findPython(env, ['-m', 'pip', '--version']);
  if (python === undefined) throw new Error('Python wheel: no python3 with pip here');
  const wheels = await fetchWheels({ env, flavour, python });
  const version = /-(\d+\.\d+\.\d+)-/.exec(path.basename(wheels[0]))?.[1] ?? 'unknown';
  return settle({ env, flavour, origin: `Python wheel ${version}` }, async (dir) => {
    say('unpacking the library (it is about 900 MB)');
    await unpackWheels({ env, python, wheels, dir });
  });
}

/** What the wheel would cost; pip tells no size beforehand, so it is as it was measured once. */
export async function wheelOffer({ env, flavour }) {
  const { expectedBytes } = await import('./wheel.mjs');
  if ((await findPython(env, ['-m', 'pip', '--version'])) === undefined)
    throw new Error('Python wheel: no python3 with pip here');
  const bytes = expectedBytes[flavour] + (flavour === 'cuda' ? cudaWheelsBytes : 0);
  const label = flavour === 'cuda' ? 'TensorFlow with CUDA, as Python wheels' : 'TensorFlow as a Python wheel';
  return {
    source: 'wheel',
    flavour,
    label,
    from: 'the package index of this machine’s pip',
    bytes,
    hereBytes: 0,
    exact: false,
  };
}

/** The nvidia wheels that TensorFlow's CUDA build names, together. */
const cudaWheelsBytes = 2.5e9;

/** Fills a folder under a temporary name and moves it into the cache when it is whole. */
async function settle({ env, flavour, origin }, fill) {
  const dir = path.join(librariesDir(env), `${flavour}-${platformKey}`);
  const building = `${dir}.building`;
  fs.rmSync(building, { recursive: true, force: true });
  fs.mkdirSync(building, { recursive: true });
  try {
    await fill(building);
    writeRecord(building, { flavour, origin });
    fs.rmSync(dir, { recursive: true, force: true });
    fs.renameSync(building, dir);
  } finally {
    fs.rmSync(building, { recursive: true, force: true });
  }
  return { dir, flavour, origin };
}

async function hasSystemCuda(env) {
  const asked = await run('ldconfig', ['-p'], { env, timeoutMs: 5_000 });
  const known = asked.stdout + (env.LD_LIBRARY_PATH ?? '').split(':').flatMap(listQuietly).join('\n');
  return /libcudart\.so\.12/.test(known) && /libcudnn\.so\.9/.test(known);
}

function listQuietly(dir) {
  try {
    return dir ? fs.readdirSync(dir) : [];
  } catch {
    return [];
  }
}

/** The first Python that runs `probe` without complaint. */
async function findPython(env, probe) {
  const candidates = env.FLIPGUARD_PYTHON
    ? [[env.FLIPGUARD_PYTHON]]
    : process.platform === 'win32'
      ? [['py', '-3'], ['python']]
      : [['python3'], ['python']];
  for (const [command, ...first] of candidates) {
    const asked = await run(command, [...first, ...(probe.length > 0 ? probe : ['--version'])], {
      env,
      timeoutMs: 30_000,
    });
    if (asked.status === 0) return [command, ...first];
  }
  return undefined;
}
