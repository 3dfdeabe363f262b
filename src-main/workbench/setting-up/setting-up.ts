import type { SetUpState } from '../../shared/contract/views.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { formatBytes } from '../../shared/presentation/numbers.ts';
import type { Jobs } from '../supervision/jobs.ts';
import type { Task } from '../supervision/task.ts';
import type { Dialog } from '../workspace/files.ts';
import { lookInProcess, setUpInProcess } from './set-up-process.ts';
import type { Found, LibraryInUse, SetUpChoice, Watching } from './set-up-process.ts';

/** TensorFlow's library, set up while the window continues. Everything that needs no training works without it. */
export interface SettingUp {
  /** What is here and what could be had; takes what costs nothing. */
  look(mirror?: string): Promise<SetUpState>;
  /** Starts the one set-up there is at a time; null where the person dismissed the dialog that asks for a folder. */
  start(choice: Omit<SetUpChoice, 'folder'>): Promise<{ jobId: string | null }>;
  /** Tries every way in turn, for a command line. */
  fix(task: Task): Promise<LibraryInUse>;
  close(): Promise<void>;
}

export interface SettingUpOptions {
  jobs: Jobs;
  /** The system's dialog. A page names no folder: what is in it is run as native code. */
  dialog: Dialog | undefined;
  /** A library came, or another took its place. */
  onReady: () => void;
}

export function createSettingUp({ jobs, dialog, onReady }: SettingUpOptions): SettingUp {
  const closing = new AbortController();
  const looking = new Set<Promise<unknown>>();
  let current: string | null = null;
  let wasReady = false;

  async function look(mirror: string | undefined, signal = closing.signal): Promise<Found> {
    const found = lookInProcess(mirror, { signal, said: () => {}, progress: () => {} });
    looking.add(found);
    try {
      const seen = await found;
      if (seen.ready !== null && !wasReady) onReady();
      wasReady = seen.ready !== null;
      return seen;
    } finally {
      looking.delete(found);
    }
  }

  async function work(choice: SetUpChoice, task: Task): Promise<LibraryInUse> {
    const library = await setUpInProcess(choice, shownBy(task));
    wasReady = true;
    onReady();
    return library;
  }

  return {
    async look(mirror) {
      if (current !== null)
        return { ready: null, offers: [], missed: [], jobId: current, folder: dialog !== undefined };
      const { ready, offers, missed } = await look(mirror);
      return {
        ready: ready === null ? null : { tensorflow: ready.tensorflow, gpu: ready.gpu, origin: ready.origin },
        offers: [...offers],
        missed: [...missed],
        jobId: current,
        folder: dialog !== undefined,
      };
    },
    async start(choice) {
      if (current !== null) return { jobId: current };
      const folder = choice.source === 'folder' ? await askForFolder(dialog) : undefined;
      if (folder === null) return { jobId: null };
      if (current !== null) return { jobId: current };
      const job = jobs.start({ kind: 'set-up', title: 'Set up TensorFlow' }, async (task) => {
        try {
          const { tensorflow } = await work({ ...choice, ...(folder === undefined ? {} : { folder }) }, task);
          return { tensorflow };
        } finally {
          current = null;
        }
      });
      current = job.id;
      return { jobId: job.id };
    },
    async fix(task) {
      task.progress('looking for TensorFlow', null);
      const { ready, offers, missed } = await look(undefined, task.signal);
      if (ready !== null) return ready;
      const tried = [...missed];
      for (const { source, flavour } of offers) {
        try {
          return await work({ source, flavour }, task);
        } catch (error) {
          if (task.signal.aborted) throw error;
          tried.push(error instanceof Error ? error.message : String(error));
        }
      }
      throw new WorkbenchError('unavailable', `TensorFlow could not be set up. Tried: ${tried.join('; ')}.`, {
        remedy: 'FLIPGUARD_LIBTENSORFLOW_DIR names a library that you have, FLIPGUARD_TENSORFLOW_HOST a mirror.',
      });
    },
    async close() {
      closing.abort();
      await Promise.allSettled(looking);
    },
  };
}

async function askForFolder(dialog: Dialog | undefined): Promise<string | null> {
  if (dialog !== undefined) return dialog('folder');
  throw new WorkbenchError('unsupported', 'A browser cannot name a folder whose code is run.', {
    remedy: 'Start the workbench with FLIPGUARD_LIBTENSORFLOW_DIR set to it.',
  });
}

function shownBy(task: Task): Watching {
  return {
    signal: task.signal,
    said: (text) => task.progress(text, null),
    progress(label, doneBytes, totalBytes) {
      const of = totalBytes === null ? '' : ` of ${formatBytes(totalBytes)}`;
      task.progress(`${label}: ${formatBytes(doneBytes)}${of}`, totalBytes === null ? null : doneBytes / totalBytes);
    },
  };
}
