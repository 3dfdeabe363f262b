import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
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
  for (const name of backendNames) backends.push(await probe(name));
  return {
    selected: backends.find((backend) => backend.available)?.name ?? null,
    backends,
    gpus: await nvidiaGpus(),
    memory: { totalBytes: os.totalmem(), freeBytes: os.freemem() },
    node: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
  };
}

function probe(name: BackendName): Promise<BackendReport> {
  const env = { ...process.env, ELECTRON_RUN_AS_NODE: '1' };
  const args = ['--disable-warning=ExperimentalWarning', probeFile(), name];
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, timeout: 120_000 }, (error, stdout, stderr) => {
      const answer = parse(stdout);
      if (answer?.ok === true)
        resolve({ name, available: true, device: answer.device, versions: answer.versions, notes: answer.notes });
      else resolve({ name, available: false, reason: answer?.reason ?? crashReason(error, stderr) });
    });
  });
}

type Answer =
  { ok: true; device: string; versions: Record<string, string>; notes: string[] } | { ok: false; reason: string };

function parse(stdout: string): Answer | undefined {
  const line = stdout.trim().split('\n').at(-1) ?? '';
  try {
    // Written by probe.ts, which is part of this program.
    return JSON.parse(line) as Answer;
  } catch {
    return undefined;
  }
}

function crashReason(error: Error | null, stderr: string): string {
  const word = stderr.trim().split('\n').at(-1) ?? '';
  const signal = error !== null && 'signal' in error && typeof error.signal === 'string' ? ` (${error.signal})` : '';
  return `it crashed while opening${signal}${word === '' ? '' : `: ${word.slice(0, 200)}`}`;
}

/** The probe's source beside this file, or its bundle in out/main. */
function probeFile(): string {
  const candidates = ['./probe.ts', './backend-probe.js', '../backend-probe.js'].map((name) =>
    fileURLToPath(new URL(name, import.meta.url)),
  );
  return candidates.find((file) => existsSync(file)) ?? candidates[0] ?? '';
}
