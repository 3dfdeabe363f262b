import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { Pending } from '../../system/pending.ts';
import { claim, holderOf } from './claim.ts';
import type { WorkspaceLayout } from '../workspace/workspace-layout.ts';

/** The right to have a model loaded. It ends with `release`, or with this process. */
export interface DeviceGrant {
  release(): Promise<void>;
}

export interface DeviceWish {
  /** Who asks, as others read it who wait: “run “dpo””. */
  readonly what: string;
  /** Short work goes before runs that wait, never before one that trains. */
  readonly short: boolean;
  readonly signal: AbortSignal;
  /** Called when there is somebody to wait for, and when that changes. */
  onWait?(holder: string): void;
}

/**
 * The one device of a workspace: at any time one child of all programs on it has a model loaded. Those who wait in this process
 * are served in the order they came, short work first; other programs are seen by their claim on `device.lock`.
 */
export interface Device {
  /** Resolves when the device is this wish's alone. Rejects as cancelled when the signal is aborted before. */
  take(wish: DeviceWish): Promise<DeviceGrant>;
  /** Resolves when nobody waits any more and what was claimed for one who left has been given back. */
  settled(): Promise<void>;
}

interface Waiter {
  readonly wish: DeviceWish;
  told: string;
  resolve(grant: DeviceGrant): void;
  reject(error: unknown): void;
}

const retryEveryMs = 500;

export function createDevice({ locks }: Pick<WorkspaceLayout, 'locks'>, retryMs: number = retryEveryMs): Device {
  const file = path.join(locks, 'device.lock');
  const waiting: Waiter[] = [];
  /** What has the device in this process. */
  let held: string | null = null;
  let serving = false;
  let wake: () => void = () => {};
  // `serve` hands its failures to who waits.
  const pending = new Pending(() => {});

  const first = (): Waiter | undefined => waiting.find(({ wish }) => wish.short) ?? waiting[0];

  /** Out of the line, by identity and at once; false when it was out already. */
  function leave(waiter: Waiter): boolean {
    const at = waiting.indexOf(waiter);
    if (at < 0) return false;
    waiting.splice(at, 1);
    return true;
  }

  function tell(holder: string): void {
    for (const waiter of waiting) {
      if (waiter.told === holder) continue;
      waiter.told = holder;
      waiter.wish.onWait?.(holder);
    }
  }

  /** Waits for other programs on behalf of all who wait here. */
  async function serve(): Promise<void> {
    if (serving) return;
    serving = true;
    try {
      while (held === null && waiting.length > 0) await serveOne();
    } finally {
      serving = false;
    }
    if (held !== null) tell(held);
  }

  async function serveOne(): Promise<void> {
    const next = first();
    if (next === undefined) return;
    try {
      const claimed = await claim(file, next.wish.what);
      if (claimed === null) {
        tell((await holderOf(file))?.what ?? 'another program');
        await pause();
        return;
      }
      // Whoever asked may have left meanwhile, and a shorter work may have come.
      const taker = first();
      if (taker === undefined || !leave(taker)) return await claimed.release();
      held = taker.wish.what;
      taker.resolve({ release: once(() => giveBack(claimed)) });
    } catch (error) {
      if (leave(next)) next.reject(error);
    }
  }

  function pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, retryMs);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async function giveBack(claimed: { release(): Promise<void> }): Promise<void> {
    try {
      await claimed.release();
    } finally {
      held = null;
      pending.add(serve());
    }
  }

  return {
    take(wish) {
      return new Promise<DeviceGrant>((resolve, reject) => {
        if (wish.signal.aborted) return reject(new WorkbenchError('cancelled', 'Cancelled.'));
        const waiter: Waiter = { wish, told: '', resolve, reject };
        waiting.push(waiter);
        const cancel = () => {
          if (!leave(waiter)) return;
          reject(new WorkbenchError('cancelled', 'Cancelled.'));
          wake();
        };
        wish.signal.addEventListener('abort', cancel, { once: true });
        if (held !== null) tell(held);
        pending.add(serve());
      });
    },
    settled: () => pending.settled(),
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return () => (done ??= work());
}
