import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { endpointOrigin, requireAllowedWebhook } from './endpoints.ts';
import { personalFile, writePersonalFile } from './personal-file.ts';

/** Where the person of this machine wants alerts sent, and which runs were started to send theirs there. */
const keptSchema = z.object({ address: z.string().nullable(), runs: z.array(z.string()) });
type Kept = z.infer<typeof keptSchema>;
const nothing: Kept = { address: null, runs: [] };

const fileOf = (env: NodeJS.ProcessEnv) => personalFile('alerts.json', env);

function read(env: NodeJS.ProcessEnv): Kept {
  try {
    return keptSchema.parse(JSON.parse(readFileSync(fileOf(env), 'utf8')));
  } catch {
    // Not there, or damaged: nothing is sent then.
    return nothing;
  }
}

export function keptAddress(env: NodeJS.ProcessEnv = process.env): string | null {
  return read(env).address;
}

/** Keeps the address, or forgets it with null: no run sends anything there any more. */
export function keepAddress(address: string | null, env: NodeJS.ProcessEnv = process.env): void {
  const before = read(env);
  if (before.address === address) return;
  writePersonalFile(fileOf(env), address === null ? nothing : { ...before, address });
}

/** Alerts of this run go to the kept address, whichever program follows it. */
export function keepRun(runId: string, env: NodeJS.ProcessEnv = process.env): void {
  const before = read(env);
  if (!before.runs.includes(runId)) writePersonalFile(fileOf(env), { ...before, runs: [...before.runs, runId] });
}

export function forgetRun(runId: string, env: NodeJS.ProcessEnv = process.env): void {
  const before = read(env);
  if (!before.runs.includes(runId)) return;
  writePersonalFile(fileOf(env), { ...before, runs: before.runs.filter((id) => id !== runId) });
}

/** The kept address, for a run that was started to send its alerts there. */
export function addressOfRun(runId: string, env: NodeJS.ProcessEnv = process.env): string | null {
  const { address, runs } = read(env);
  return runs.includes(runId) ? address : null;
}

/** @throws WorkbenchError with the consent that is missing, unless the person keeps this very address or has allowed it now. */
export function requireOwnAddress(address: string, env: NodeJS.ProcessEnv = process.env): void {
  endpointOrigin(address);
  if (keptAddress(env) !== address) requireAllowedWebhook(address, env);
}
