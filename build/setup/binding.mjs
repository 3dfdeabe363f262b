// tfjs-node-gpu's native half: a Node-API addon that calls TensorFlow's C interface. Its sources come in the npm package; here they
// are compiled against the library at hand, which takes about twenty seconds and leaves no question of versions.
import crypto from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { say } from './log.mjs';
import { findNodeHeaders } from './node-runtime.mjs';
import {
  bindingDir,
  bindingFile,
  bindingsDir,
  checkoutDir,
  markerFile,
  modulesDir,
  napiLevel,
  packagedBinding,
  platformKey,
  tfjsNodeDir,
} from './paths.mjs';
import { lastLine, run } from './run.mjs';

/** Our additions to the package's binding; compiled_functions.cc includes its tfjs_binding.cc. */
const ownSources = fileURLToPath(new URL('../native', import.meta.url));

function ownFiles() {
  return fs
    .readdirSync(ownSources)
    .sort()
    .map((name) => path.join(ownSources, name));
}

/** The name of a compiled binding in the cache: everything that its bytes depend on. */
export function bindingKey(library, sizes) {
  const tfjs = JSON.parse(fs.readFileSync(path.join(tfjsNodeDir, 'package.json'), 'utf8')).version;
  const digest = crypto.createHash('sha256').update(JSON.stringify([library.libDir, library.main, sizes]));
  for (const file of isPackaged() ? [packagedBinding] : ownFiles()) digest.update(fs.readFileSync(file));
  return `tfjs-${tfjs}_napi-${napiLevel}_${platformKey}_${digest.digest('hex').slice(0, 12)}`;
}

/** Whether a binding came with the application. */
export function isPackaged() {
  return fs.existsSync(packagedBinding);
}

/** Makes `file`: from the binding that came with the application, else by a compiler. */
export async function makeBinding({ env, library, file }) {
  if (!isPackaged()) return compileBinding({ env, library, file, linked: linkArguments(library) });
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.copyFileSync(packagedBinding, file);
}

/**
 * Compiles the binding that a package carries: it asks for TensorFlow's C library by the name it was published under, next to itself,
 * whatever library is used for its headers here.
 */
export async function compilePackagedBinding({ env, library, file }) {
  if (process.platform === 'win32') throw new Error('a binding for packages is not made on Windows');
  const stubs = `${file}.stubs`;
  fs.rmSync(stubs, { recursive: true, force: true });
  fs.mkdirSync(stubs, { recursive: true });
  try {
    const compiler = await findCompiler(env);
    for (const name of publishedNames()) {
      const named =
        process.platform === 'darwin'
          ? ['-dynamiclib', `-Wl,-install_name,@rpath/${name}`]
          : ['-shared', `-Wl,-soname,${name}`];
      const made = await run(compiler, [...named, '-x', 'c', os.devNull, '-o', path.join(stubs, name)], {
        env,
        timeoutMs: 60_000,
      });
      if (made.status !== 0) throw new Error(`linking a stub of ${name} failed: ${lastLine(made.stderr)}`);
    }
    const files = publishedNames().map((name) => path.join(stubs, name));
    const linked =
      process.platform === 'darwin'
        ? ['-bundle', '-undefined', 'dynamic_lookup', ...files, '-Wl,-rpath,@loader_path']
        : ['-shared', '-s', '-Wl,--no-as-needed', ...files, '-Wl,-rpath,$ORIGIN'];
    await compileBinding({ env, library, file, linked });
  } finally {
    fs.rmSync(stubs, { recursive: true, force: true });
  }
}

/** What the system's loader asks for on behalf of a packaged binding. */
function publishedNames() {
  return process.platform === 'darwin'
    ? ['libtensorflow.2.dylib', 'libtensorflow_framework.2.dylib']
    : ['libtensorflow.so.2', 'libtensorflow_framework.so.2'];
}

/** Compiles the binding into `file`. Throws an Error with the compiler's last word. */
async function compileBinding({ env, library, file, linked }) {
  const headers = findNodeHeaders();
  if (headers === undefined) throw new Error("Node's headers (node_api.h) were not found");
  if (library.includeDir === undefined) throw new Error(`no TensorFlow headers next to ${library.libDir}`);
  const work = `${file}.building`;
  fs.rmSync(work, { recursive: true, force: true });
  fs.mkdirSync(work, { recursive: true });
  try {
    const compiler = await findCompiler(env);
    say('compiling the TensorFlow binding (about 20 s)');
    const bindingSources = path.join(tfjsNodeDir, 'binding');
    const sources = [
      path.join(bindingSources, 'tfjs_backend.cc'),
      ...ownFiles().filter((file) => file.endsWith('.cc')),
    ];
    const includes = [shimHeaders(library, work), library.includeDir, headers, tfjsNodeDir, bindingSources].map(
      (dir) => `-I${dir}`,
    );
    const out = path.join(work, 'tfjs_binding.node');
    const args = [
      '-std=c++17',
      '-O3',
      '-fPIC',
      `-DNAPI_VERSION=${napiLevel}`,
      '-w',
      // Assertions name their file: not by the paths of the machine that compiles.
      `-ffile-prefix-map=${checkoutDir}=.`,
      `-ffile-prefix-map=${modulesDir}=node_modules`,
      ...includes,
      ...sources,
      '-o',
      out,
      ...linked,
    ];
    const compiled = await run(compiler, args, { env, timeoutMs: 300_000 });
    if (compiled.status !== 0) {
      const complaint = compiled.stderr.split('\n').find((line) => /error/i.test(line)) ?? lastLine(compiled.stderr);
      throw new Error(`compiling the binding failed: ${complaint || compiled.error?.message}`);
    }
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.renameSync(out, file);
  } finally {
    fs.rmSync(work, { recursive: true, force: true });
  }
}

/** Puts a binding where it is looked for, with a marker that names its library; one that came with the application, next to its library. */
export function placeBinding(file, marker) {
  fs.mkdirSync(bindingDir, { recursive: true });
  if (isPackaged()) linkLibrary(marker);
  const incoming = `${bindingFile}.${process.pid}`;
  fs.copyFileSync(file, incoming);
  // Renamed over the old one: a process that has the old one loaded keeps it.
  fs.renameSync(incoming, bindingFile);
  fs.writeFileSync(`${markerFile}.${process.pid}`, JSON.stringify(marker, null, 1));
  fs.renameSync(`${markerFile}.${process.pid}`, markerFile);
}

/**
 * A packaged binding asks for the library next to itself. CUDA's libraries of Python wheels are asked for by the library, in
 * `../nvidia` of where it was opened.
 */
function linkLibrary({ root, libDir, sizes }) {
  const [main, framework] = Object.keys(sizes).sort(
    (left, right) => Number(/framework/.test(left)) - Number(/framework/.test(right)),
  );
  const [mainName, frameworkName] = publishedNames();
  link(path.join(libDir, main), path.join(bindingDir, mainName));
  if (framework !== undefined) link(path.join(libDir, framework), path.join(bindingDir, frameworkName));
  const cuda = path.join(root, 'nvidia');
  if (fs.existsSync(cuda)) link(cuda, path.join(bindingDir, '..', 'nvidia'));
}

function link(target, file) {
  const incoming = `${file}.${process.pid}`;
  fs.rmSync(incoming, { force: true });
  fs.symlinkSync(target, incoming);
  fs.renameSync(incoming, file);
}

export function removeBinding() {
  fs.rmSync(bindingFile, { force: true });
  fs.rmSync(markerFile, { force: true });
}

export function cachedBindingFile(env, key) {
  return path.join(bindingsDir(env), `${key}.node`);
}

/** Libraries before 2.10 lack the headers' older place; the binding's include is led to the newer one. */
function shimHeaders(library, work) {
  const shim = path.join(work, 'include');
  const old = 'tensorflow/core/platform/ctstring_internal.h';
  fs.mkdirSync(path.join(shim, path.dirname(old)), { recursive: true });
  if (!fs.existsSync(path.join(library.includeDir, old)))
    fs.writeFileSync(path.join(shim, old), '#include "tsl/platform/ctstring_internal.h"\n');
  return shim;
}

function linkArguments(library) {
  const libraries = [library.main, library.framework].filter(Boolean).map((name) => path.join(library.libDir, name));
  if (process.platform === 'darwin')
    return ['-bundle', '-undefined', 'dynamic_lookup', ...libraries, `-Wl,-rpath,${library.libDir}`];
  return ['-shared', ...libraries, `-Wl,-rpath,${library.libDir}`];
}

/** Why no binding can be made on this machine; null where one can. */
export async function bindingObstacle(env) {
  if (isPackaged()) return null;
  if (findNodeHeaders() === undefined)
    return 'This package has no binding for TensorFlow, and none can be compiled here.';
  return findCompiler(env).then(
    () => null,
    (error) => `${error.message}.`,
  );
}

async function findCompiler(env) {
  for (const compiler of [env.CXX, 'g++', 'c++', 'clang++'].filter(Boolean))
    if ((await run(compiler, ['--version'], { env, timeoutMs: 20_000 })).status === 0) return compiler;
  throw new Error('no C++ compiler (g++ or clang++) to build the TensorFlow binding with');
}
