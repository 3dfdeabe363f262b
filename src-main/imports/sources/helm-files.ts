import { basename, dirname } from 'node:path';
import { listFiles, type SourceFile } from './files.ts';

/** A run of HELM: one scenario under one model. */
export interface HelmFiles {
  stats: SourceFile;
  /** By their fixed names; each may be missing. */
  runSpec: SourceFile | null;
  scenarioState: SourceFile | null;
  predictions: SourceFile | null;
  instances: SourceFile | null;
  requests: SourceFile | null;
  /** The folder's name, which is the run's. */
  run: string;
}

const statsName = 'per_instance_stats.json';

export function holdsHelm(files: readonly SourceFile[]): boolean {
  return files.some(({ name }) => basename(name) === statsName);
}

export function helmParts(files: readonly SourceFile[], folder: string): HelmFiles[] {
  return files
    .filter(({ name }) => basename(name) === statsName)
    .map((stats) => runIn(stats, files, dirname(stats.name) === '.' ? folder : basename(dirname(stats.name))));
}

/** The statistics of one run, with the files that HELM puts next to them. */
export async function helmFile(stats: SourceFile): Promise<HelmFiles> {
  const folder = dirname(stats.path);
  const beside = await listFiles(folder, 0);
  return runIn({ ...stats, name: basename(stats.path) }, beside, basename(folder));
}

function runIn(stats: SourceFile, files: readonly SourceFile[], run: string): HelmFiles {
  const named = (name: string): SourceFile | null =>
    files.find((file) => dirname(file.name) === dirname(stats.name) && basename(file.name) === name) ?? null;
  return {
    stats,
    runSpec: named('run_spec.json'),
    scenarioState: named('scenario_state.json'),
    predictions: named('display_predictions.json'),
    instances: named('instances.json'),
    requests: named('display_requests.json'),
    run,
  };
}

/** `mmlu:subject=anatomy,model=openai_gpt-4` → the scenario without the model, and the model. */
export function readRunName(run: string): { task: string; model: string | null } {
  const model = /(?:^|[,:])model=([^,]*)/.exec(run)?.[1] ?? null;
  const task = run
    .replace(/(^|[,:])(model|model_deployment)=[^,]*/g, (_, before: string) => (before === ':' ? ':' : ''))
    .replace(/:,/, ':')
    .replace(/[:,]$/, '');
  return { task: task === '' ? run : task, model };
}
