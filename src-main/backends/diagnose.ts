import os from 'node:os';
import { entryPath } from '../entries.ts';
import { launchHelper } from '../system/helper-process.ts';
import { createTail } from '../system/text-tail.ts';
import { nvidiaGpus } from './device-names.ts';
import type { NvidiaGpu } from './device-names.ts';
import { backendNames } from './types.ts';
import type { BackendName } from './types.ts';

export type BackendReport = { readonly name: BackendName } & (
  | {
      readonly available: true;
      readonly device: string;
      readonly versions: Readonly<Record<string, string>>;
      readonly notes: readonly string[];
    }
  | { readonly available: false; readonly reason: string }
);

export interface BackendDiagnosis {
  /** The backend that a run would get now. */
  readonly selected: BackendName | null;
  readonly backends: readonly BackendReport[];
  readonly gpus: readonly NvidiaGpu[];
  readonly memory: { readonly totalBytes: number; readonly freeBytes: number };
  readonly node: string;
  readonly platform: string;
}

/** Tries every backend in a child process of its own, and says for each what it runs on or why it is not there. */
export async function diagnoseBackends(): Promise<BackendDiagnosis> {
  const backends: BackendReport[] = [];
  // One after the other: two of them at once would share the processor and the GPU's memory.
  for (const name of backendNames) backends.push(await tryBackend(name));
  return {
    selected: backends.find((backend) => backend.available)?.name ?? null,
    backends,
    gpus: await nvidiaGpus(),
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem() },
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}

const withinMs = 120_000;

/** Opens one backend in a child process of its own, and says what it runs on or why it is not there. */
export function tryBackend(name: BackendName): Promise<BackendReport> {
  const stderr = createTail();
  const child = launchHelper(entryPath('backend-probe'), {
    name: `backend probe ${name}`,
    args: [name],
    onStderr: (text) => stderr.push(text),
  });
  const timer = setTimeout(() => child.kill(), withinMs);
  let answer: Answer | null = null;
  // Written by probe.ts, which is part of this program.
  child.onMessage((message) => (answer = message as Answer));
  return new Promise((resolve) => {
    child.onExit(({ signal, error }) => {
      clearTimeout(timer);
      resolve({ name, ...reportOf(answer, error?.message ?? stderr.text(), signal) });
    });
  });
}

type Answer =
  { ok: true; device: string; versions: Record<string, string>; notes: string[] } | { ok: false; reason: string };

function reportOf(answer: Answer | null, stderr: string, signal: string | null) {
  if (answer?.ok === true) {
    const { device, versions, notes } = answer;
    return { available: true as const, device, versions, notes };
  }
  return { available: false as const, reason: answer?.reason ?? crashReason(stderr, signal) };
}

function crashReason(stderr: string, signal: string | null): string {
  const word = stderr.trim().split('\n').at(-1) ?? '';
  return `it crashed while opening${signal === null ? '' : ` (${signal})`}${word === '' ? '' : `: ${word.slice(0, 200)}`}`;
}
