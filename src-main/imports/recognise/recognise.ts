import { readdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { inspectSource } from '../inspect-source.ts';
import { sizeOf } from '../session.ts';
import { isFolder, listFiles } from '../sources/files.ts';
import { isLmEvalSamplesName } from '../sources/lm-eval-files.ts';
import type { Found, OwnSigns } from './found.ts';
import { mostFound } from './found.ts';
import { recogniseFile } from './recognise-file.ts';

const deepest = 3;

/**
 * What is in files and folders that were handed over together. Files that belong together (a tool’s folder, a model’s, samples
 * with their results) are one thing; a folder that is none is looked into. Nothing is left out in silence: what is of no use is
 * named with its reason.
 */
export async function recogniseAll(paths: readonly string[], signs: OwnSigns): Promise<Found[]> {
  const found: Found[] = [];
  const loose: string[] = [];
  for (const path of paths) {
    if (found.length >= mostFound) break;
    const folder = await isFolder(path).catch(() => null);
    if (folder === null) found.push(unreadable(path, basename(path)));
    else if (folder) found.push(...(await recogniseFolder(path, basename(path), signs, deepest)));
    else loose.push(path);
  }
  found.push(...(await recogniseLoose(loose, '', signs)));
  return found.slice(0, mostFound);
}

/** Files that are next to each other. */
async function recogniseLoose(paths: readonly string[], prefix: string, signs: OwnSigns): Promise<Found[]> {
  const names = new Map(paths.map((path) => [path, basename(path)]));
  const model = await looseModel(paths, prefix);
  if (model !== null) return [model];
  const companions = companionsOf([...names.values()]);
  const found: Found[] = [];
  for (const [path, name] of [...names].toSorted(([, a], [, b]) => (a < b ? -1 : 1))) {
    if (companions.has(name) || isLitter(name)) continue;
    const one = await recogniseFile(path, prefix + name, signs).catch(asUnreadable(path, prefix + name));
    const belonging = [...companions].filter(([, owner]) => owner === name).length;
    found.push({ ...one, files: 1 + belonging });
    if (found.length >= mostFound) break;
  }
  return found;
}

/** Files that say more of another one and are read with it: file → whose. */
function companionsOf(names: readonly string[]): Map<string, string> {
  const companions = new Map<string, string>();
  const momentOf = (name: string): string =>
    /_(\d{4}-\d{2}-\d{2}T[\d.-]*\d)\.jsonl?(\.gz|\.zst)?$/.exec(name)?.[1] ?? '';
  for (const name of names) {
    if (/^results_\d{4}-\d{2}-\d{2}T/.test(name)) {
      const samples = names.find((other) => isLmEvalSamplesName(other) && momentOf(other) === momentOf(name));
      if (samples !== undefined) companions.set(name, samples);
    }
    if (/^(model_outputs|reference_outputs)\.json$|^leaderboard\.csv$/.test(name) && names.includes('annotations.json'))
      companions.set(name, 'annotations.json');
  }
  return companions;
}

/** What operating systems and editors leave next to files. */
function isLitter(name: string): boolean {
  return name.startsWith('.') || /^(thumbs\.db|desktop\.ini)$/i.test(name);
}

/** A model’s files that were chosen by themselves: their folder is the model. */
async function looseModel(paths: readonly string[], prefix: string): Promise<Found | null> {
  const names = paths.map((path) => basename(path));
  const folders = new Set(paths.map((path) => dirname(path)));
  const weights = names.some((name) => name.endsWith('.safetensors'));
  const config = names.includes('config.json') || names.includes('adapter_config.json');
  if (!weights || !config || folders.size !== 1) return null;
  const [folder = ''] = folders;
  return modelAt(folder, prefix.replace(/\/$/, '') || basename(folder), paths);
}

async function modelAt(path: string, label: string, files: readonly string[]): Promise<Found> {
  // A link that leads nowhere is told when the model is looked at.
  const sizes = await Promise.all(files.map((file) => sizeOf(file).catch(() => 0)));
  const adapter = files.some((file) => basename(file) === 'adapter_config.json');
  return {
    kind: 'model',
    path,
    label,
    format: null,
    reason: adapter
      ? 'A folder with adapter_config.json: an adapter of PEFT.'
      : 'A folder with config.json: a model in Hugging Face layout.',
    remedy: null,
    files: files.length,
    sizeBytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
  };
}

async function recogniseFolder(path: string, label: string, signs: OwnSigns, depth: number): Promise<Found[]> {
  const listed = await readdir(path, { withFileTypes: true }).catch(() => null);
  if (listed === null) return [unreadable(path, label)];
  const entries = listed.filter(({ name }) => !isLitter(name));
  const names = new Set(entries.map(({ name }) => name));
  const whole = { path, label, format: null, remedy: null, files: entries.length, sizeBytes: 0 };
  if (names.has(signs.workspaceMarker) || names.has(signs.packedDatabase))
    return [{ ...whole, kind: 'workspace', reason: 'It is a workspace.' }];
  if (
    (names.has('config.json') || names.has('adapter_config.json')) &&
    [...names].some((name) => /\.(safetensors|bin|gguf)(\.index\.json)?$|^tokenizer/.test(name))
  ) {
    // In the Hub's cache they are links to its blobs.
    const files = entries.filter((entry) => entry.isFile() || entry.isSymbolicLink());
    return [
      await modelAt(
        path,
        label,
        files.map(({ name }) => join(path, name)),
      ),
    ];
  }
  const evaluation = await evaluationFolder(path, whole);
  if (evaluation !== null) return [evaluation];
  if (depth === 0) return [];
  const inside: Found[] = [];
  for (const entry of entries) {
    if (inside.length >= mostFound) break;
    if (entry.isDirectory())
      inside.push(...(await recogniseFolder(join(path, entry.name), `${label}/${entry.name}`, signs, depth - 1)));
  }
  const files = entries.filter((entry) => entry.isFile()).map(({ name }) => join(path, name));
  inside.push(...(await recogniseLoose(files.slice(0, mostFound), `${label}/`, signs)));
  const usable = inside.filter(({ kind }) => kind !== 'unknown');
  if (usable.length === 0) return depth < deepest ? inside : [nothingIn(whole, inside)];
  const rest = inside.filter(({ kind }) => kind === 'unknown');
  return rest.length === 0 ? usable : [...usable, leftOut(whole, rest)];
}

/** A folder that one of the evaluation tools wrote. */
async function evaluationFolder(path: string, whole: Omit<Found, 'kind' | 'reason'>): Promise<Found | null> {
  try {
    const { detection, files } = await inspectSource(path, { purpose: 'evaluation' });
    const all = await listFiles(path);
    return {
      ...whole,
      kind: 'evaluation',
      format: detection.format,
      reason: `${detection.reason.charAt(0).toUpperCase()}${detection.reason.slice(1)}.`,
      files: Math.max(files.length, 1),
      sizeBytes: all.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  } catch (error) {
    if (error instanceof WorkbenchError || isSystemError(error)) return null;
    throw error;
  }
}

function isSystemError(error: unknown): boolean {
  return /^E[A-Z]+$/.test((error as NodeJS.ErrnoException).code ?? '');
}

function asUnreadable(path: string, label: string): (error: unknown) => Found {
  return (error) => {
    if (error instanceof WorkbenchError || isSystemError(error)) return unreadable(path, label, error as Error);
    throw error;
  };
}

function unreadable(path: string, label: string, error?: Error): Found {
  const why = error === undefined ? 'it is gone, or not permitted' : error.message.replace(/\.$/, '');
  return {
    kind: 'unknown',
    path,
    label,
    format: null,
    reason: `${label} cannot be read: ${why}.`,
    remedy: 'Check that it is there and that you may read it.',
    files: 0,
    sizeBytes: 0,
  };
}

function nothingIn(whole: Omit<Found, 'kind' | 'reason'>, inside: readonly Found[]): Found {
  const reason =
    inside.length === 0
      ? `The folder ${whole.label} holds no files.`
      : `Nothing in the folder ${whole.label} can be imported. ${inside[0]?.reason ?? ''}`;
  return {
    ...whole,
    kind: 'unknown',
    reason,
    remedy: 'Choose a folder that an evaluation tool wrote, a model’s folder, or a file of records.',
  };
}

/** Files next to what can be imported, in one line. */
function leftOut(whole: Omit<Found, 'kind' | 'reason'>, rest: readonly Found[]): Found {
  const [first] = rest;
  if (rest.length === 1 && first !== undefined) return first;
  const names = rest.slice(0, 3).map(({ label }) => label.slice(whole.label.length + 1));
  const more = rest.length > 3 ? ', …' : '';
  return {
    ...whole,
    kind: 'unknown',
    reason: `${rest.length} files in ${whole.label} were left out: ${names.join(', ')}${more}. ${first?.reason ?? ''}`,
    files: rest.length,
  };
}
