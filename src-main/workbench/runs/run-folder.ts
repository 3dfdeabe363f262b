import { readFile, rename, unlink, writeFile } from 'node:fs/promises';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { holderOf, isAlive } from '../supervision/claim.ts';
import type { Holder } from '../supervision/claim.ts';
import { inside } from '../workspace/inside.ts';
import type { WorkspaceLayout } from '../workspace/workspace-layout.ts';

/** Names inside `runs/<id>/`. Spec, events and checkpoints are the run's record; the rest serves the programs that work on it. */
export const runFiles = {
  spec: 'spec.json',
  events: 'events.ndjson',
  /** What the names in the spec stood for at launch. */
  inputs: 'inputs.json',
  guardRows: 'guard-rows.ndjson',
  /** Which workbench looks after the run. */
  owner: 'owner.lock',
  /** Which process trains. */
  trainer: 'trainer.json',
  /** What another program wants of the owner. */
  request: 'request.json',
} as const;

const weightsRef = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('model'), id: z.string() }),
  z.object({ kind: z.literal('checkpoint'), id: z.string() }),
]);
const inputsSchema = z.object({
  model: weightsRef,
  rewardModel: weightsRef.nullable(),
  datasetId: z.string(),
  guardSetId: z.string().nullable(),
  suiteIds: z.array(z.string()),
});
export type RunInputs = z.infer<typeof inputsSchema>;
export type WeightsRef = z.infer<typeof weightsRef>;

/** Bookkeeping of one run's folder. */
export interface RunFolder {
  readonly path: string;
  file(name: keyof typeof runFiles): string;
  readInputs(): Promise<RunInputs>;
  writeInputs(inputs: RunInputs): Promise<void>;
  noteTrainer(pid: number): Promise<void>;
  /** The process that trains, when it lives: after its host was killed it ends its step and leaves. */
  livingTrainer(): Promise<Holder | null>;
  ask(request: RunRequest): Promise<void>;
  /** Takes a request of another program, once. */
  takeRequest(): Promise<RunRequest | null>;
}

export type RunRequest = 'stop' | 'pause' | 'resume';

/** Folders are kept relative to the workspace, so that it can be moved, and lie inside it. */
export function runFolder({ root }: Pick<WorkspaceLayout, 'root'>, run: { folder: string }): RunFolder {
  const folder = inside(root, run.folder);
  const file = (name: keyof typeof runFiles) => inside(root, run.folder, runFiles[name]);
  return {
    path: folder,
    file,
    async readInputs() {
      try {
        return inputsSchema.parse(JSON.parse(await readFile(file('inputs'), 'utf8')));
      } catch (error) {
        throw new WorkbenchError('corrupt', `${file('inputs')} cannot be read.`, {
          remedy: 'Relaunch the run: its spec says the same by name.',
          place: { file: file('inputs') },
          cause: error,
        });
      }
    },
    writeInputs: (inputs) => writeWhole(file('inputs'), JSON.stringify(inputs, null, 2)),
    noteTrainer: async (pid) => writeWhole(file('trainer'), JSON.stringify(await holderOf(pid))),
    async livingTrainer() {
      const text = await readFile(file('trainer'), 'utf8').catch(() => null);
      if (text === null) return null;
      const { pid, born } = JSON.parse(text) as Holder;
      return (await isAlive({ pid, born })) ? { pid, born } : null;
    },
    ask: (request) => writeWhole(file('request'), request),
    async takeRequest() {
      const text = await readFile(file('request'), 'utf8').catch(() => null);
      if (text === null) return null;
      await unlink(file('request')).catch(() => {});
      return text === 'stop' || text === 'pause' || text === 'resume' ? text : null;
    },
  };
}

/** Readers see the old file or the new one, never half of it. */
export async function writeWhole(file: string, text: string): Promise<void> {
  const draft = `${file}.${process.pid}.tmp`;
  await writeFile(draft, text);
  await rename(draft, file);
}
