import { basename, dirname } from 'node:path';
import type { SourceFile } from './files.ts';

/** Instances that one model was evaluated on in one run. */
export interface SweBenchFiles {
  instances: SweBenchInstance[];
  run: string | null;
  model: string | null;
}

export interface SweBenchInstance {
  id: string;
  /** Null where the harness wrote none: the patch did not apply, or the run failed. */
  report: SourceFile | null;
  patch: SourceFile | null;
  log: SourceFile | null;
  output: SourceFile | null;
}

const reportName = 'report.json';
/** What is in an instance's folder: one of these next to the report, or instead of it, tells the folder. */
const ownNames = new Set(['patch.diff', 'run_instance.log', 'test_output.txt', 'eval.sh']);

export function holdsSweBench(files: readonly SourceFile[]): boolean {
  const folders = new Set(files.filter(({ name }) => ownNames.has(basename(name))).map(({ name }) => dirname(name)));
  // An instance's folder bears its name: owner__repository-number.
  return files.some(
    ({ name }) => basename(name) === reportName && (folders.has(dirname(name)) || /__.+-\d+$/.test(dirname(name))),
  );
}

/** `logs/run_evaluation/<run>/<model>/<instance>/`, from wherever in it the folder begins. */
export function sweBenchParts(files: readonly SourceFile[], folder: string): SweBenchFiles[] {
  const byFolder = new Map<string, SourceFile[]>();
  for (const file of files) {
    if (basename(file.name) !== reportName && !ownNames.has(basename(file.name))) continue;
    const at = dirname(file.name);
    byFolder.set(at, [...(byFolder.get(at) ?? []), file]);
  }
  const parts = new Map<string, SweBenchFiles>();
  for (const [at, own] of byFolder) {
    const names = at === '.' ? [folder] : at.split('/');
    const holder = names.slice(0, -1).join('/');
    const part = parts.get(holder) ?? {
      instances: [],
      model: names.at(-2) ?? (at === '.' ? null : folder),
      run: names.at(-3) ?? null,
    };
    parts.set(holder, part);
    part.instances.push(instanceOf(names.at(-1) ?? at, own));
  }
  return [...parts.values()];
}

function instanceOf(id: string, files: readonly SourceFile[]): SweBenchInstance {
  const named = (wanted: string): SourceFile | null => files.find(({ name }) => basename(name) === wanted) ?? null;
  return {
    id,
    report: named(reportName),
    patch: named('patch.diff'),
    log: named('run_instance.log'),
    output: named('test_output.txt'),
  };
}

/** `<model>.<run>.json` of a summary; a model's name may hold dots, a run's rarely does. */
export function readSummaryName(name: string): { model: string | null; run: string | null } {
  const parts = name.replace(/\.json(\.gz|\.zst)?$/, '').split('.');
  const run = parts.length > 1 ? (parts.pop() ?? null) : null;
  return { model: parts.join('.').replace('__', '/'), run };
}
