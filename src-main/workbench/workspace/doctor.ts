import { statfs } from 'node:fs/promises';
import os from 'node:os';
import type { BackendDiagnosis as Diagnosed } from '../../backends/index.ts';
import type { BackendDiagnosis, Doctor } from '../../shared/contract/views.ts';
import type { Core } from '../core.ts';
import { formatBytes } from '../../shared/presentation/numbers.ts';

const leastFreeBytes = 2e9;

export interface Examination {
  /** `again` tries the backends again; otherwise what was found first is told. */
  examine(options?: { again: boolean }): Promise<Doctor>;
  /** The backends are others now: they are tried again when somebody asks. */
  forget(): void;
}

/** What this machine and this workspace are, and what stands in the way of work. */
export function createDoctor(core: Core, diagnoseBackends: () => Promise<Diagnosed>): Examination {
  let backends: Promise<BackendDiagnosis> | null = null;
  async function examine({ again } = { again: false }): Promise<Doctor> {
    if (again) backends = null;
    // Probing opens every backend in a process of its own, which takes seconds: once a start is enough.
    backends ??= diagnoseBackends().then(contractDiagnosis);
    const backend = await backends.catch((error: unknown) => {
      backends = null;
      throw error;
    });
    const workspace = await examineWorkspace(core);
    return {
      backend,
      workspace,
      machine: machine(),
      problems: [...hindranceOf(core), ...problemsOf(backend, workspace)],
    };
  }
  return { examine, forget: () => void (backends = null) };
}

function hindranceOf({ hindrance }: Core): Doctor['problems'] {
  return hindrance === null ? [] : [{ message: hindrance.message, remedy: hindrance.remedy ?? '' }];
}

function contractDiagnosis(found: Diagnosed): BackendDiagnosis {
  const selected = found.backends.find(({ name }) => name === found.selected);
  const opened = selected?.available === true ? selected : null;
  return {
    selected: found.selected,
    device: opened?.device ?? null,
    warning: opened === null || opened.notes.length === 0 ? null : opened.notes.join(' '),
    backends: found.backends.map((backend) => ({
      name: backend.name,
      available: backend.available,
      detail: backend.available ? [backend.device, ...backend.notes].join('. ') : backend.reason,
    })),
    versions: { ...opened?.versions },
  };
}

async function examineWorkspace({ layout, store }: Core): Promise<Doctor['workspace']> {
  const [health, disk] = await Promise.all([store.health(), statfs(layout.root)]);
  return {
    path: layout.root,
    schemaVersion: health.schemaVersion,
    integrity: health.integrity,
    sizeBytes: health.sizeBytes,
    freeBytes: disk.bavail * disk.bsize,
  };
}

function machine(): Doctor['machine'] {
  return {
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    platform: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
  };
}

function problemsOf(backend: BackendDiagnosis, workspace: Doctor['workspace']): Doctor['problems'] {
  const problems: Doctor['problems'] = [];
  if (backend.selected === null) {
    problems.push({ message: 'No training backend can be opened.', remedy: 'flipguard doctor --fix sets one up.' });
  } else if (backend.warning !== null) {
    problems.push({ message: backend.warning, remedy: 'flipguard doctor --fix tries again to set up TensorFlow.' });
  }
  if (workspace.integrity !== 'ok' && workspace.integrity !== 'checking') {
    problems.push({
      message: `The workspace failed its integrity check: ${workspace.integrity}.`,
      remedy: 'Restore workspace.sqlite from a backup in the workspace folder.',
    });
  }
  if (workspace.freeBytes < leastFreeBytes) {
    problems.push({
      message: `${formatBytes(workspace.freeBytes)} are free on the workspace's disk.`,
      remedy: 'Checkpoints may fail: free some space, or keep fewer of them (checkpoint.keep).',
    });
  }
  return problems;
}
