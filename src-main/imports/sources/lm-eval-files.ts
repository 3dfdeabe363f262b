import { basename, dirname } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Layout } from '../records/record.ts';
import { listFiles, type SourceFile } from './files.ts';

/** The samples of one task. */
export interface LmEvalTaskFile extends SourceFile {
  task: string;
  layout: Layout;
  /** Name of the results file of the same moment, where there is one. */
  resultsName: string | null;
}

export interface LmEvalFiles {
  samples: LmEvalTaskFile[];
  results: SourceFile[];
  totalBytes: number;
  notes: string[];
}

const moment = String.raw`\d{4}-\d{2}-\d{2}T\d{2}-\d{2}-\d{2}(?:[.-]\d+)?`;
const samplesName = new RegExp(`^samples_(.+)_(${moment})\\.jsonl(\\.gz|\\.zst)?$`);
const resultsName = new RegExp(`^results_(${moment})\\.json$`);

export function isLmEvalSamplesName(path: string): boolean {
  return samplesName.test(basename(path));
}

/** Whether a folder's files are the harness's: samples by name. */
export function holdsLmEval(files: readonly SourceFile[]): boolean {
  return files.some(({ name }) => isLmEvalSamplesName(name));
}

/**
 * The newest samples of each task in a folder.
 * @throws WorkbenchError when the folder holds the output of several models: which one is meant must be said.
 */
export function lmEvalFolder(files: readonly SourceFile[], layoutOf: (file: SourceFile) => Layout): LmEvalFiles {
  const sampleFiles = files.filter(({ name }) => isLmEvalSamplesName(name));
  const folders = [...new Set(sampleFiles.map(({ name }) => dirname(name)))];
  if (folders.length > 1) {
    throw new WorkbenchError('bad-input', `The folder holds lm-eval results of ${folders.length} models.`, {
      remedy: `Import one of its folders: ${folders.join(', ')}.`,
    });
  }
  const newest = new Map<string, { file: SourceFile; moment: string }>();
  for (const file of sampleFiles) {
    const [, task = '', at = ''] = samplesName.exec(basename(file.name)) ?? [];
    if (at > (newest.get(task)?.moment ?? '')) newest.set(task, { file, moment: at });
  }
  const older = sampleFiles.length - newest.size;
  return withResults(
    [...newest].map(([task, entry]) => ({ task, ...entry })),
    files,
    layoutOf,
    older === 0
      ? []
      : [`${older} older samples file${older === 1 ? ' was' : 's were'} left out: the newest of each task counts.`],
  );
}

/** Each task of each folder by itself: what one import of the folder brings. */
export function lmEvalParts(
  files: readonly SourceFile[],
  layoutOf: (file: SourceFile) => Layout,
): { folder: string; task: string; files: LmEvalFiles }[] {
  const folders = [...new Set(files.filter(({ name }) => isLmEvalSamplesName(name)).map(({ name }) => dirname(name)))];
  return folders.flatMap((folder) => {
    const whole = lmEvalFolder(
      files.filter(({ name }) => dirname(name) === folder),
      layoutOf,
    );
    return whole.samples.map((sample) => {
      const results = whole.results.filter(({ name }) => name === sample.resultsName);
      const totalBytes = [sample, ...results].reduce((sum, { bytes }) => sum + bytes, 0);
      return { folder, task: sample.task, files: { samples: [sample], results, totalBytes, notes: whole.notes } };
    });
  });
}

/** One samples file, with the results file of the same moment next to it. */
export async function lmEvalFile(file: SourceFile, layout: Layout): Promise<LmEvalFiles> {
  const [, task, at = ''] = samplesName.exec(basename(file.path)) ?? [];
  const folder = dirname(file.path);
  const siblings = await listFiles(folder, 0);
  const name = task ?? basename(file.path).replace(/(^samples_)|(\.jsonl.*$)/g, '');
  return withResults([{ task: name, file, moment: at }], siblings, () => layout, []);
}

function withResults(
  tasks: { task: string; file: SourceFile; moment: string }[],
  files: readonly SourceFile[],
  layoutOf: (file: SourceFile) => Layout,
  notes: string[],
): LmEvalFiles {
  const samples = tasks
    .toSorted((a, b) => (a.task < b.task ? -1 : 1))
    .map(({ task, file, moment: at }): LmEvalTaskFile => {
      const match = files.find(
        ({ path }) => dirname(path) === dirname(file.path) && resultsName.exec(basename(path))?.[1] === at,
      );
      return { ...file, task, layout: layoutOf(file), resultsName: match?.name ?? null };
    });
  const wanted = new Set(samples.map((sample) => sample.resultsName));
  const results = files.filter(({ name }) => wanted.has(name));
  const totalBytes = [...samples, ...results].reduce((sum, { bytes }) => sum + bytes, 0);
  return { samples, results, totalBytes, notes };
}
