import { readFile, unlink } from 'node:fs/promises';
import { z } from 'zod';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { isAlive, markOf } from '../../system/alive.ts';
import type { ProcessMark } from '../../system/alive.ts';
import { writeWhole } from '../../system/whole-file.ts';
import { holderSchema } from '../supervision/claim.ts';
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
  /** Which site has the run, where it is not this machine. */
  site: 'site.json',
  /** What its job was last seen doing there. */
  siteJob: 'site-job.json',
  /** What has been taken of another trainer's folder. */
  followed: 'followed.json',
} as const;

const weightsRef = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('model'), id: z.string() }),
  z.object({ kind: z.literal('checkpoint'), id: z.string() }),
]);
const inputsSchema = z.object({
  model: weightsRef,
  rewardModel: weightsRef.nullable(),
  datasetId: z.string(),
  /** Of a mixture, its datasets; absent in runs of one dataset. */
  sources: z.array(z.object({ datasetId: z.string(), weight: z.number() })).optional(),
  guardSetId: z.string().nullable(),
  /** Whose texts a flip hinge reads; absent in runs without one. */
  guardSuiteId: z.string().optional(),
  suiteIds: z.array(z.string()),
  /** Rows that the spec leaves out, by dataset, as they were at launch. */
  leftOut: z.array(z.object({ datasetId: z.string(), rowIds: z.array(z.string()) })).optional(),
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
  livingTrainer(): Promise<ProcessMark | null>;
  ask(request: RunRequest): Promise<void>;
  /** Takes a request of another program, once. */
  takeRequest(): Promise<RunRequest | null>;
}

export type RunRequest = 'stop' | 'pause' | 'resume';

/** Folders are kept relative to the workspace, so that it can be moved, and are inside it. */
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
    noteTrainer: (pid) => writeWhole(file('trainer'), JSON.stringify(markOf(pid))),
    async livingTrainer() {
      try {
        const trainer = holderSchema.parse(JSON.parse(await readFile(file('trainer'), 'utf8')));
        return isAlive(trainer) ? trainer : null;
      } catch {
        // No trainer was noted, or a power cut tore the note, and left no trainer either.
        return null;
      }
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
