import { tryBackend } from '../../backends/index.ts';
import type { BackendName } from '../../backends/index.ts';
import { setUpScript } from '../../entries.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SetUpOffer } from '../../shared/contract/views.ts';
import { launchHelper } from '../../system/helper-process.ts';
import { createTail } from '../../system/text-tail.ts';

/** What the set-up's process is asked for. `folder` is one that the person named in a dialog of the system. */
export interface SetUpChoice {
  readonly source: 'official' | 'wheel' | 'folder';
  readonly flavour: 'cpu' | 'cuda';
  readonly mirror?: string;
  readonly folder?: string;
}

/** The library in use, as set-up describes it. */
export interface LibraryInUse {
  readonly tensorflow: string;
  readonly gpu: boolean;
  readonly origin: string;
}

export interface Found {
  readonly ready: LibraryInUse | null;
  readonly offers: readonly SetUpOffer[];
  readonly missed: readonly string[];
}

/** What `build/setup/in-window.mjs` sends. */
type Message =
  | { kind: 'say'; text: string }
  | { kind: 'progress'; label: string; doneBytes: number; totalBytes?: number }
  | { kind: 'try'; gpu: boolean }
  | { kind: 'end'; ok: true; value: unknown }
  | { kind: 'end'; ok: false; reason: string };

export interface Watching {
  readonly signal: AbortSignal;
  said(text: string): void;
  progress(label: string, doneBytes: number, totalBytes: number | null): void;
}

/** After a cancel it has this long to let go of what it holds. */
const leaveWithinMs = 5_000;

export function lookInProcess(mirror: string | undefined, watching: Watching): Promise<Found> {
  // The script is part of this program, and answers `look` so.
  return inProcess('look', mirror === undefined ? {} : { mirror }, watching) as Promise<Found>;
}

export function setUpInProcess(choice: SetUpChoice, watching: Watching): Promise<LibraryInUse> {
  return inProcess('set-up', choice, watching) as Promise<LibraryInUse>;
}

/**
 * One piece of set-up in a process of its own.
 * @throws WorkbenchError `cancelled`, or `unavailable` with the reason that set-up gives
 */
function inProcess(task: 'look' | 'set-up', choice: object, watching: Watching): Promise<unknown> {
  const { signal } = watching;
  const stderr = createTail();
  const child = launchHelper(setUpScript(), {
    name: `set-up (${task})`,
    args: [task, JSON.stringify(choice)],
    onStderr: (text) => stderr.push(text),
  });
  let end: Extract<Message, { kind: 'end' }> | null = null;
  let patience: NodeJS.Timeout | undefined;
  const cancel = (): void => {
    child.send({ kind: 'cancel' });
    patience ??= setTimeout(() => child.kill(), leaveWithinMs);
  };
  signal.addEventListener('abort', cancel, { once: true });
  if (signal.aborted) cancel();
  child.onMessage((sent) => {
    const message = sent as Message;
    switch (message.kind) {
      case 'say':
        return watching.said(message.text);
      case 'progress':
        return watching.progress(message.label, message.doneBytes, message.totalBytes ?? null);
      case 'try':
        tryBinding(message.gpu).then(
          (tried) => child.send({ kind: 'tried', ...tried }),
          (error: unknown) => child.send({ kind: 'tried', ok: false, reason: String(error) }),
        );
        return;
      case 'end':
        end = message;
    }
  });
  return new Promise((resolve, reject) => {
    child.onExit(({ code, signal: killed, error }) => {
      clearTimeout(patience);
      signal.removeEventListener('abort', cancel);
      if (end?.ok === true) return resolve(end.value);
      if (signal.aborted) return reject(new WorkbenchError('cancelled', 'Cancelled.'));
      const how = error?.message ?? `it ended with ${killed ?? `status ${code ?? '?'}`}: ${stderr.text().trim()}`;
      reject(failure(end?.reason ?? how));
    });
  });
}

function failure(reason: string): WorkbenchError {
  return new WorkbenchError('unavailable', `TensorFlow could not be set up: ${reason.replace(/\.$/, '')}.`, {
    remedy:
      'Set it up again: a download continues where it broke off. A mirror, or a folder of your own, does as well.',
  });
}

/** Opens the binding as a run would, in a process of its own: a library that does not fit may end the process that loads it. */
async function tryBinding(gpu: boolean): Promise<object> {
  const names: BackendName[] = gpu ? ['tensorflow-cuda', 'tensorflow-cpu'] : ['tensorflow-cpu'];
  let reason = '';
  for (const name of names) {
    const report = await tryBackend(name);
    if (report.available)
      return { ok: true, tensorflow: report.versions['tensorflow'] ?? 'unknown', gpu: name === 'tensorflow-cuda' };
    reason = report.reason;
  }
  return { ok: false, reason };
}
