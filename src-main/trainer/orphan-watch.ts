import { Worker } from 'node:worker_threads';

/** How long an orphan may continue: it ends its step and, while it says that it saves, may write its checkpoint. */
const endWithinMs = 10_000;
const saveWithinMs = 60_000;
const lookEveryMs = 500;

/** A thread that sees the owner's end also while the main thread computes, or is caught in a loop that never ends. */
export interface OrphanWatch {
  saving(now: boolean): void;
  close(): Promise<void>;
}

// Plain JavaScript, so that it needs no file of its own in a bundle. An orphan is given to another parent, which is how its owner's
// end is seen; it is killed rather than asked, since what it runs may listen to nothing.
const script = `
const { workerData: { owner, flags, endWithinMs, saveWithinMs, lookEveryMs } } = require('node:worker_threads');
let orphanedAt = null;
setInterval(() => {
  if (process.ppid === owner) return;
  orphanedAt ??= performance.now();
  const allowedMs = Atomics.load(flags, 0) === 1 ? saveWithinMs : endWithinMs;
  if (performance.now() - orphanedAt > allowedMs) process.kill(process.pid, 'SIGKILL');
}, lookEveryMs);
`;

/** Ends this process when its owner has been gone for a while. */
export function watchOwner(owner: number = process.ppid): OrphanWatch {
  const flags = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(script, {
    eval: true,
    workerData: { owner, flags, endWithinMs, saveWithinMs, lookEveryMs },
    resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 },
    stdin: false,
  });
  // The watch keeps nothing alive, and its own failure ends no training.
  worker.unref();
  worker.on('error', (error: Error) => process.stderr.write(`The watch over the owner ended: ${error.message}\n`));
  return {
    saving: (now) => void Atomics.store(flags, 0, now ? 1 : 0),
    close: async () => {
      await worker.terminate();
    },
  };
}
