import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { HubFile, Repository } from './repository.ts';

/** Where per-sample results are in a repository: the file to read, or the folder that holds them. */
export interface EvaluationFiles {
  files: HubFile[];
  /** Inside the repository; empty for its root. */
  folder: string;
}

const samples = /(?:^|\/)samples_(.+?)(?:_\d{4}-\d{2}-\d{2}T[\d.:-]+)?\.jsonl?$/;

/**
 * lm-eval's pushed logs and leaderboards' details: `samples_TASK_TIME.jsonl`, of each task the newest. Null where the repository
 * holds none of them. `config` is a model's folder or a task.
 */
export function evaluationFiles({ name, files }: Repository, config: string | undefined): EvaluationFiles | null {
  const all = files.filter(({ path }) => samples.test(path));
  if (all.length === 0) return null;
  const wanted = config === undefined ? all : all.filter((file) => named(file, config));
  const folders = [...new Set(wanted.map(folderOf))];
  if (wanted.length === 0 || folders.length > 1) {
    const there = wanted.length === 0 ? [...new Set(all.map(folderOf)), ...new Set(all.map(taskOf))] : folders;
    throw new WorkbenchError(
      wanted.length === 0 ? 'not-found' : 'bad-input',
      wanted.length === 0
        ? `${name.repository} has no results of “${config}”.`
        : `${name.repository} holds results of ${folders.length} models.`,
      { remedy: `Choose with --config; there is: ${there.slice(0, 20).join(', ')}${there.length > 20 ? ', …' : ''}.` },
    );
  }
  const newest = new Map<string, HubFile>();
  for (const file of wanted.sort((a, b) => a.path.localeCompare(b.path))) newest.set(taskOf(file), file);
  const [folder = ''] = folders;
  const results = files.filter((file) => /(^|\/)results_[^/]*\.json$/.test(file.path) && folderOf(file) === folder);
  return { files: [...newest.values(), ...results.slice(-1)], folder };
}

function named(file: HubFile, config: string): boolean {
  return folderOf(file) === config || taskOf(file) === config || `${folderOf(file)}__${taskOf(file)}` === config;
}

function folderOf({ path }: HubFile): string {
  return path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : '';
}

function taskOf({ path }: HubFile): string {
  return samples.exec(path)?.[1] ?? path;
}
