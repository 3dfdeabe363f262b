import { basename, dirname } from 'node:path';
import { listFiles, type SourceFile } from './files.ts';

/** The details of one task of one model, with the results file of the same moment where there is one. */
export interface LightevalFiles {
  details: SourceFile;
  results: SourceFile | null;
  /** The model's folder, as far as the path says. */
  model: string | null;
  task: LightevalTask;
  notes: string[];
}

/** What a task's name says: `suite|name|shots`, or `name|shots` in newer versions. */
export interface LightevalTask {
  /** As the tool writes it. */
  full: string;
  name: string;
  shots: number | null;
}

const moment = String.raw`\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:\.\d+)?`;
const detailsName = new RegExp(`^details_(.+)_(${moment})\\.parquet$`);

export function holdsLighteval(files: readonly SourceFile[]): boolean {
  return files.some(({ name }) => detailsName.test(basename(name)));
}

export function readTaskName(full: string): LightevalTask {
  const parts = full.split('|');
  const isCount = (text: string | undefined): boolean => /^\d+$/.test(text ?? '');
  // `suite|name|shots|truncation` and `suite|name|shots` before 0.13, `name|shots` since.
  const at = parts.findIndex((part, index) => index > 0 && isCount(part));
  if (at === -1) return { full, name: parts.at(-1) ?? full, shots: null };
  return { full, name: parts[at - 1] ?? full, shots: Number(parts[at]) };
}

/** The newest details of each task of each model in a folder. */
export function lightevalParts(files: readonly SourceFile[]): LightevalFiles[] {
  const newest = new Map<string, { file: SourceFile; at: string; task: string; model: string | null }>();
  let older = 0;
  for (const file of files) {
    const [, task = '', at = ''] = detailsName.exec(basename(file.name)) ?? [];
    if (at === '') continue;
    const model = modelOf(file.name, at);
    const key = `${model ?? ''}\u0000${task}`;
    const known = newest.get(key);
    if (known !== undefined) older += 1;
    if (known === undefined || at > known.at) newest.set(key, { file, at, task, model });
  }
  const notes = older === 0 ? [] : [`${older} older details files were left out: the newest of each task counts.`];
  return [...newest.values()]
    .toSorted((a, b) => (a.file.name < b.file.name ? -1 : 1))
    .map(({ file, at, task, model }) => ({
      details: file,
      results: resultsOf(files, at, model),
      model,
      task: readTaskName(task),
      notes,
    }));
}

/** A details file alone. Its results are two folders away, where the tool's own folders were kept. */
export async function lightevalFile(file: SourceFile): Promise<LightevalFiles> {
  const [, task = basename(file.path).replace(/\.parquet$/, ''), at = ''] = detailsName.exec(basename(file.path)) ?? [];
  const beside = at === '' ? [] : await listFiles(dirname(file.path), 0);
  return { details: file, results: resultsOf(beside, at, null), model: null, task: readTaskName(task), notes: [] };
}

/** `details/<org>/<model>/<moment>/details_….parquet`, from wherever in it the folder begins. */
function modelOf(name: string, at: string): string | null {
  const folders = dirname(name)
    .split('/')
    .filter((part) => part !== '.' && part !== at);
  const own = folders.slice(folders.lastIndexOf('details') + 1);
  return own.length === 0 ? null : own.join('/');
}

function resultsOf(files: readonly SourceFile[], at: string, model: string | null): SourceFile | null {
  const same = files.filter(({ name }) => basename(name) === `results_${at}.json`);
  return same.find(({ name }) => model !== null && dirname(name).endsWith(model)) ?? same[0] ?? null;
}
