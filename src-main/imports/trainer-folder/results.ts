import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { LogEntry, TrainerState } from './trainer-state.ts';

/**
 * What LLaMA-Factory and the example scripts of transformers measure after training and keep in files alone: the evaluation at the end,
 * which `trainer_state.json` was written before.
 */
const togetherMs = 60_000;
const files = ['all_results.json', 'train_results.json', 'eval_results.json'];

/**
 * The figures of these files that the log does not have at the last step, as its last line; null without any. `endedAt`: when the
 * training wrote its last state, ms since epoch.
 */
export async function readResults(folder: string, state: TrainerState, endedAt: number): Promise<LogEntry | null> {
  const numbers: Record<string, number> = {};
  let epoch = 0;
  for (const name of files) {
    const file = path.join(folder, name);
    const found = await stat(file).catch(() => null);
    // Those of an earlier training in the same folder are not of this one: these are written within moments of the state, or later.
    if (found === null || found.mtimeMs < endedAt - togetherMs) continue;
    for (const [field, value] of Object.entries(await readNumbers(file))) {
      if (field === 'epoch') epoch = value;
      else numbers[field] ??= value;
    }
  }
  const logged = new Set(
    state.entries.filter(({ step }) => step === state.step).flatMap((entry) => Object.keys(entry.numbers)),
  );
  const left = Object.entries(numbers).filter(([name]) => !logged.has(name));
  return left.length === 0 ? null : { step: state.step, epoch, numbers: Object.fromEntries(left) };
}

async function readNumbers(file: string): Promise<Record<string, number>> {
  try {
    const value: unknown = JSON.parse(await readFile(file, 'utf8'));
    if (typeof value !== 'object' || value === null) return {};
    return Object.fromEntries(
      Object.entries(value).filter((field): field is [string, number] => typeof field[1] === 'number'),
    );
  } catch {
    return {};
  }
}
