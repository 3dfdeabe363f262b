import { basename, dirname } from 'node:path';
import { listFiles, type SourceFile } from './files.ts';

/** Scores of one dataset under one model, with the predictions of the same run where they are there. */
export interface OpencompassFiles {
  results: SourceFile;
  /** One file, or several numbered from 0. */
  predictions: SourceFile[];
  model: string | null;
  dataset: string;
  notes: string[];
}

/** `…/results/<model>/<dataset>.json`, from wherever in it the folder begins. */
function placeOf(
  name: string,
  holder: 'results' | 'predictions',
): { run: string; model: string; dataset: string } | null {
  const parts = name.split('/');
  const at = parts.lastIndexOf(holder);
  if (at === -1 || parts.length !== at + 3 || !name.endsWith('.json')) return null;
  // What a judge said of each answer, before it was counted.
  if (/_replica\d+\.json$/.test(name)) return null;
  return { run: parts.slice(0, at).join('/'), model: parts[at + 1] ?? '', dataset: basename(name, '.json') };
}

export function holdsOpencompass(files: readonly SourceFile[]): boolean {
  return files.some(({ name }) => placeOf(name, 'results') !== null);
}

/** Each dataset of each model; of several runs the newest that has it, as runs are named by their time. */
export function opencompassParts(files: readonly SourceFile[]): OpencompassFiles[] {
  const newest = new Map<string, { file: SourceFile; run: string; model: string; dataset: string }>();
  let older = 0;
  for (const file of files) {
    const place = placeOf(file.name, 'results');
    if (place === null) continue;
    const key = `${place.model}\u0000${place.dataset}`;
    const known = newest.get(key);
    if (known !== undefined) older += 1;
    if (known === undefined || place.run > known.run) newest.set(key, { file, ...place });
  }
  const notes =
    older === 0 ? [] : [`${older} results of earlier runs were left out: the newest of each dataset counts.`];
  return [...newest.values()].map(({ file, run, model, dataset }) => ({
    results: file,
    predictions: predictionsOf(files, `${run === '' ? '' : `${run}/`}predictions/${model}/`, dataset),
    model,
    dataset,
    notes,
  }));
}

/** One file of results, with the predictions of the same run where the tool's folders were kept. */
export async function opencompassFile(file: SourceFile): Promise<OpencompassFiles> {
  const folder = dirname(file.path);
  const inPlace = basename(dirname(folder)) === 'results';
  const dataset = basename(file.path).replace(/\.json(\.gz|\.zst)?$/, '');
  const model = inPlace ? basename(folder) : null;
  const predictions = inPlace ? `${dirname(dirname(folder))}/predictions/${basename(folder)}` : null;
  const beside = predictions === null ? [] : await listFiles(predictions, 0).catch(() => []);
  return { results: file, predictions: predictionsOf(beside, '', dataset), model, dataset, notes: [] };
}

/** `<dataset>.json`, or its parts `<dataset>_0.json`, `<dataset>_1.json`, … */
function predictionsOf(files: readonly SourceFile[], folder: string, dataset: string): SourceFile[] {
  const named = (name: string): SourceFile | undefined => files.find((file) => file.name === `${folder}${name}.json`);
  const whole = named(dataset);
  if (whole !== undefined) return [whole];
  const parts: SourceFile[] = [];
  for (let at = 0; ; at += 1) {
    const part = named(`${dataset}_${at}`);
    if (part === undefined) return parts;
    parts.push(part);
  }
}
