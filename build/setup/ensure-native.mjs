// Makes TensorFlow's native library usable in this checkout, once, on first use. Safe to call at every start: when everything is in
// place it reads two small files and returns.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bindingKey, cachedBindingFile, makeBinding, placeBinding, removeBinding } from './binding.mjs';
import { describeLibrary, librarySizes } from './library.mjs';
import { withLock } from './lock.mjs';
import { say } from './log.mjs';
import { findNode } from './node-runtime.mjs';
import { nvidiaGpus } from './gpu.mjs';
import { bindingFile, cacheDir, failureFile, markerFile, tfjsNodeDir } from './paths.mjs';
import { lastLine, run } from './run.mjs';
import { cached, installed, named, official, wheel } from './sources.mjs';

/** A failed set-up is not tried again at every start, but after a day, on request, or when the settings below change. */
const forgetFailureAfterMs = 24 * 3_600_000;
const settings = [
  'FLIPGUARD_LIBTENSORFLOW_DIR',
  'FLIPGUARD_TENSORFLOW_HOST',
  'FLIPGUARD_PYTHON',
  'FLIPGUARD_GPU',
  'CUDA_VISIBLE_DEVICES',
  'CXX',
];
const smokeScript = fileURLToPath(new URL('./smoke.mjs', import.meta.url));

/**
 * @param {{ env?: NodeJS.ProcessEnv, force?: boolean }} options `force` forgets a remembered failure and checks everything again.
 * @returns {Promise<{ ok: true, flavour: 'cpu' | 'cuda', tensorflow: string, gpu: boolean, origin: string, libDir: string, fresh: boolean }
 *                 | { ok: false, tried: string[] }>}
 */
export async function ensureNative({ env = process.env, force = false } = {}) {
  if (env.FLIPGUARD_SETUP === 'off') return readMarker() ?? { ok: false, tried: ['turned off by FLIPGUARD_SETUP'] };
  if (!fs.existsSync(tfjsNodeDir)) return { ok: false, tried: ['the dependencies are not installed (npm ci)'] };
  const ready = readMarker();
  const gpus = await nvidiaGpus(env);
  // A GPU that came after the set-up is worth another look; a CUDA build that was tried and did not see it is not.
  const settled = ready && !force && (gpus.length === 0 || ready.gpu || ready.cudaTried) && namedDirKept(ready, env);
  if (settled) return isCurrent(ready) ? { ...ready, fresh: false } : withLock(cacheDir(env), () => renew(env));
  const wanted = { env, gpus, key: JSON.stringify([gpus.length > 0, ...settings.map((name) => env[name] ?? '')]) };
  const failed = force || env.FLIPGUARD_SETUP_RETRY === '1' ? undefined : readFailure(env, wanted.key);
  if (failed) return ready ?? { ok: false, tried: failed };
  try {
    return await withLock(cacheDir(env), async () => {
      const other = readMarker();
      // Whoever held the lock may have done the work.
      if (other && !ready && !force) return { ...other, fresh: false };
      return setUp(wanted);
    });
  } catch (error) {
    return giveUp(wanted, [`set-up itself failed: ${error.message}`]);
  }
}

/** What is in place now, without changing anything. */
export function readMarker() {
  try {
    const marker = JSON.parse(fs.readFileSync(markerFile, 'utf8'));
    const library = describeLibrary(marker.root);
    if (library === undefined || !fs.existsSync(bindingFile)) return undefined;
    const sizes = librarySizes(library);
    return Object.entries(marker.sizes).every(([file, size]) => sizes[file] === size)
      ? { ok: true, ...marker }
      : undefined;
  } catch {
    return undefined;
  }
}

/** True when the binding in place was compiled from the sources of this checkout, or could not be. */
export function isCurrent(marker) {
  const key = bindingKey(describeLibrary(marker.root), marker.sizes);
  return marker.binding === key || marker.notRenewed === key;
}

/** Compiles the binding again for the library in use, after an update of this checkout. Where that fails the old one continues. */
export async function renew(env, smoke) {
  const marker = readMarker();
  if (marker === undefined) return { ok: false, tried: ['the library in use went away'] };
  if (isCurrent(marker)) return { ...marker, fresh: false };
  const found = { dir: marker.root, flavour: marker.flavour, origin: marker.origin };
  try {
    return { ok: true, ...(await bind({ env, found, cudaTried: marker.cudaTried, smoke })), fresh: true };
  } catch (error) {
    if (!fs.existsSync(bindingFile)) return { ok: false, tried: [error.message] };
    say(`the binding of before continues, without compiled training steps: ${error.message}`);
    const { ok, ...kept } = marker;
    placeBinding(bindingFile, { ...kept, notRenewed: bindingKey(describeLibrary(marker.root), marker.sizes) });
    return { ok, ...kept, fresh: false };
  }
}

async function setUp({ env, gpus, key }) {
  const tried = [];
  const cudaTried = gpus.length > 0;
  for (const flavour of cudaTried ? ['cuda', 'cpu'] : ['cpu']) {
    for (const source of [named, cached, installed, official, wheel]) {
      try {
        const found = await source({ env, flavour });
        const result = await bind({ env, found, cudaTried });
        if (flavour === 'cuda' && !result.gpu) throw new Error(`${found.origin}: it does not see the GPU`);
        fs.rmSync(failureFile(env), { force: true });
        say(`TensorFlow ${result.tensorflow} is ready (${result.gpu ? 'CUDA' : 'CPU'}, ${found.origin})`);
        return { ok: true, ...result, fresh: true };
      } catch (error) {
        // A name that nobody set and a cache that is empty are not worth a person's attention.
        if (/FLIPGUARD_LIBTENSORFLOW_DIR\)/.test(error.message)) say(error.message);
        if (!/is not set$|^none cached$/.test(error.message))
          tried.push(cudaTried ? `${flavour}: ${error.message}` : error.message);
      }
    }
  }
  removeBinding();
  return giveUp({ env, key }, tried);
}

/**
 * Makes the library that was found usable: a binding for it, in its place, which has computed a product whose answer is known.
 * `smoke` tries it; an application that cannot be started as a Node brings its own.
 */
export async function bind({ env, found, cudaTried, smoke = smokeInNode }) {
  const library = describeLibrary(found.dir);
  if (library === undefined) throw new Error(`no TensorFlow library in ${found.dir}`);
  const sizes = librarySizes(library);
  const binding = bindingKey(library, sizes);
  const file = cachedBindingFile(env, binding);
  const compiledBefore = fs.existsSync(file);
  if (!compiledBefore) await makeBinding({ env, library, file });
  const marker = {
    root: found.dir,
    libDir: library.libDir,
    flavour: found.flavour,
    origin: found.origin,
    sizes,
    cudaTried,
    binding,
  };
  // A named folder that did not do is remembered, so that it is not tried at every start.
  if (env.FLIPGUARD_LIBTENSORFLOW_DIR && found.dir !== env.FLIPGUARD_LIBTENSORFLOW_DIR)
    marker.rejectedDir = env.FLIPGUARD_LIBTENSORFLOW_DIR;
  placeBinding(file, { ...marker, tensorflow: 'unchecked', gpu: false });
  try {
    const seen = await smoke(env);
    const result = { ...marker, flavour: seen.gpu ? 'cuda' : 'cpu', tensorflow: seen.tensorflow, gpu: seen.gpu };
    placeBinding(file, result);
    return result;
  } catch (error) {
    removeBinding();
    fs.rmSync(file, { force: true });
    // The binding may have been compiled by another compiler or for another C library: once more, freshly.
    if (compiledBefore) return bind({ env, found, cudaTried, smoke });
    throw error;
  }
}

async function smokeInNode(env) {
  const node = findNode();
  if (node === undefined) throw new Error('no Node 24 to try the binding with');
  const asked = await run(node, [smokeScript], { env: { ...env, TF_CPP_MIN_LOG_LEVEL: '3' }, timeoutMs: 180_000 });
  if (asked.status !== 0) {
    const word = asked.stderr.split('\n').find((line) => /Error:/.test(line)) ?? lastLine(asked.stderr);
    throw new Error(`the binding does not load: ${word || asked.signal || `exit status ${asked.status}`}`);
  }
  return JSON.parse(lastLine(asked.stdout));
}

function giveUp({ env, key }, tried) {
  say(`TensorFlow's native library could not be had. Tried: ${tried.join('; ')}.`);
  say(
    'Going on with the next backend, which is slower. `npx flipguard doctor --fix` tries again; FLIPGUARD_LIBTENSORFLOW_DIR names a library you have.',
  );
  try {
    fs.mkdirSync(path.dirname(failureFile(env)), { recursive: true });
    fs.writeFileSync(failureFile(env), JSON.stringify({ atMs: Date.now(), key, tried }, null, 1));
  } catch {
    // Without a writable cache the next start just tries again.
  }
  return { ok: false, tried };
}

function readFailure(env, key) {
  try {
    const failure = JSON.parse(fs.readFileSync(failureFile(env), 'utf8'));
    return failure.key === key && Date.now() - failure.atMs < forgetFailureAfterMs ? failure.tried : undefined;
  } catch {
    return undefined;
  }
}

/** A library the user names now takes the place of the one in use. */
function namedDirKept(marker, env) {
  return (
    !env.FLIPGUARD_LIBTENSORFLOW_DIR ||
    marker.root === env.FLIPGUARD_LIBTENSORFLOW_DIR ||
    marker.rejectedDir === env.FLIPGUARD_LIBTENSORFLOW_DIR
  );
}
