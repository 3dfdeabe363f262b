import os from 'node:os';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { makeFolder } from '../../system/folders.ts';

/** Where everything of one workspace is. All paths are absolute. */
export interface WorkspaceLayout {
  readonly root: string;
  /** One folder a run: the source of truth of what the run put out. */
  readonly runs: string;
  /** Exported rows and suites, reference log-probs, merged adapters: all can be made again. */
  readonly cache: string;
  readonly uploads: string;
  readonly reports: string;
  /** Lists and comparisons that were exported. */
  readonly exports: string;
  /** Models made here: interpolated, fetched, exported. */
  readonly models: string;
  /** Who holds a device. */
  readonly locks: string;
  /** What sites evaluate for this workspace, until the results are here. */
  readonly atSites: string;
}

export function workspaceLayout(folder: string): WorkspaceLayout {
  const root = path.resolve(folder);
  const inside = (name: string) => path.join(root, name);
  return {
    root,
    runs: inside('runs'),
    cache: inside('cache'),
    uploads: inside('uploads'),
    reports: inside('reports'),
    exports: inside('exports'),
    models: inside('models'),
    locks: inside('locks'),
    atSites: inside('at-sites'),
  };
}

export async function createFolders(layout: WorkspaceLayout): Promise<void> {
  try {
    await Promise.all(Object.values(layout).map((folder: string) => makeFolder(folder, 0o700)));
  } catch (cause) {
    throw new WorkbenchError('io', `The workspace ${layout.root} cannot be written to: ${(cause as Error).message}`, {
      remedy: 'Name a folder that you may write to: --workspace DIR or $FLIPGUARD_HOME.',
      place: { file: layout.root },
      cause,
    });
  }
}

/** The workspace a person did not name: `$FLIPGUARD_HOME`, else the operating system's place for user data. */
export function defaultWorkspaceFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FLIPGUARD_HOME) return path.resolve(env.FLIPGUARD_HOME);
  const home = os.homedir();
  switch (process.platform) {
    case 'darwin':
      return path.join(home, 'Library', 'Application Support', 'flipguard');
    case 'win32':
      return path.join(env.APPDATA ?? path.join(home, 'AppData', 'Roaming'), 'flipguard');
    default:
      return path.join(env.XDG_DATA_HOME ?? path.join(home, '.local', 'share'), 'flipguard');
  }
}

/** What is fetched once for all workspaces (the demo model): `$FLIPGUARD_CACHE`, else the operating system's place for caches. */
export function sharedCacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  if (env.FLIPGUARD_CACHE) return path.resolve(env.FLIPGUARD_CACHE);
  if (env.XDG_CACHE_HOME) return path.join(env.XDG_CACHE_HOME, 'flipguard');
  const home = os.homedir();
  switch (process.platform) {
    case 'darwin':
      return path.join(home, 'Library', 'Caches', 'flipguard');
    case 'win32':
      return path.join(env.LOCALAPPDATA ?? path.join(home, 'AppData', 'Local'), 'flipguard', 'Cache');
    default:
      return path.join(home, '.cache', 'flipguard');
  }
}
