import { readFileSync } from 'node:fs';
import os from 'node:os';

/** Instruction sets of this processor by Linux's names; none where the system does not tell. */
export function processorFlags(): ReadonlySet<string> {
  if (process.platform !== 'linux') return new Set();
  try {
    const line = /^(?:flags|Features)\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'));
    return new Set(line?.[1]?.trim().split(/\s+/) ?? []);
  } catch {
    return new Set();
  }
}

/**
 * Whether TensorFlow's products run faster through oneDNN here. It is read when the library loads, so trying both would take two
 * processes; this is the table of what was measured: x86 with AVX2 or more gained everywhere (docs/performance.md).
 */
export function gainsByOneDnn(arch = os.arch(), flags = processorFlags()): boolean {
  return arch === 'x64' && (process.platform !== 'linux' || flags.has('avx2'));
}

/** Whether the processor multiplies bfloat16 by instructions of its own; without them it is slower than float32. */
export function multipliesBfloat16(flags = processorFlags()): boolean {
  return flags.has('avx512_bf16') || flags.has('amx_bf16');
}

/** What a process does with a model, as far as the threads that pay depend on it. */
export type ModelWork = 'train' | 'train-on-policy' | 'score' | 'decode';

/** Weights of a small model, in bytes: stories260K has 1 MB, stories15M 61 MB. */
const smallBytes = 8e6;

/**
 * Threads that TensorFlow splits one operation over; null for all. Like the setting of oneDNN it is read when the library loads, so it is the
 * table of what was measured (docs/performance.md): decoding with a small model is many operations of some microseconds, which cost more to
 * hand from thread to thread than to compute. Training and scoring have larger ones at every size; a step that samples first spends most of
 * its time on that.
 */
export function threadsPerOperation(work: ModelWork, weightBytes: number): 1 | null {
  return (work === 'decode' || work === 'train-on-policy') && weightBytes <= smallBytes ? 1 : null;
}
