// Where set-up reads and writes. Everything big is in one cache outside the checkout, so that a second clone,
// or `npm ci` in the same one, costs seconds instead of a download.
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const checkoutDir = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', '..');
/** Elsewhere only for the tests of set-up, which must not touch the binding that other tests run on. */
export const modulesDir = process.env.FLIPGUARD_MODULES_DIR ?? path.join(checkoutDir, 'node_modules');
export const tfjsNodeDir = path.join(modulesDir, '@tensorflow', 'tfjs-node-gpu');
/** Node-API level the binding is compiled for: the highest one that tfjs-node-gpu 4.22 asks for. */
export const napiLevel = 8;
/** Where the binding is put: next to its package, but for an application whose own folder is read-only, which names another place. */
export const bindingDir = process.env.FLIPGUARD_BINDING_DIR
  ? path.resolve(process.env.FLIPGUARD_BINDING_DIR)
  : path.join(tfjsNodeDir, 'lib', `napi-v${napiLevel}`);
/** A binding that came with the application, compiled for whichever library is next to it: nobody has to have a compiler. */
export const packagedBinding = path.join(checkoutDir, 'build', 'binding', 'tfjs_binding.node');
export const bindingFile = path.join(bindingDir, 'tfjs_binding.node');
/** Says which library the binding next to it was linked against. */
export const markerFile = path.join(bindingDir, 'flipguard.json');
export const platformKey = `${process.platform}-${process.arch}`;

/** The product's cache folder: `$FLIPGUARD_CACHE`, else the operating system's place for such things. */
export function cacheDir(env = process.env) {
  if (env.FLIPGUARD_CACHE) return path.resolve(env.FLIPGUARD_CACHE);
  if (env.XDG_CACHE_HOME) return path.join(env.XDG_CACHE_HOME, 'flipguard');
  const home = os.homedir();
  if (process.platform === 'win32')
    return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'flipguard', 'Cache');
  if (process.platform === 'darwin') return path.join(home, 'Library', 'Caches', 'flipguard');
  return path.join(home, '.cache', 'flipguard');
}

export const librariesDir = (env) => path.join(cacheDir(env), 'libtensorflow');
export const bindingsDir = (env) => path.join(cacheDir(env), 'bindings');
export const partialDir = (env) => path.join(cacheDir(env), 'partial');
export const failureFile = (env) => path.join(cacheDir(env), 'native-failure.json');
