import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import type { ComputedName, Input, Value } from '../../src-main/shared/contract/channels.ts';
import type { Computed } from '../../src-main/shared/contract/views.ts';
import type { PreferenceRow } from '../../src-main/shared/domain/datasets.ts';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import type { RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import type { WorkbenchOptions } from '../../src-main/workbench/create-workbench.ts';
import { request } from '../../src-main/workbench/contract/dispatch.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';

/** A folder that is gone when the test has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A real workbench on a real store in a temporary folder, closed when the test has ended. */
export async function openTestWorkbench(options: Partial<WorkbenchOptions> = {}): Promise<Workbench> {
  const folder = options.folder ?? temporaryFolder();
  const workbench = await createWorkbench({ shell: 'web', launchTrainer: launchNodeTrainer, ...options, folder });
  onTestFinished(() => workbench.close());
  return workbench;
}

/** A real small model with a tokenizer: the one that ships, or the one of the shared material. */
const modelFolders = ['../../resources/quick-model', '../../../shared/models/stories-260k'];
export const smallModel: string | null =
  modelFolders
    .map((folder) => path.resolve(import.meta.dirname, folder))
    .find((folder) => existsSync(path.join(folder, 'model.safetensors'))) ?? null;
/** Says in a suite's title why it is skipped, which is where the test command reads it. */
export const withSmallModel =
  smallModel === null ? ' (skipped: neither resources/quick-model nor ../shared/models/stories-260k is there)' : '';

const things = ['cat', 'dog', 'bird', 'ball', 'tree', 'frog', 'girl', 'boy', 'bear', 'fish', 'duck', 'star'];

export const pairRows: PreferenceRow[] = things.map((thing, i) => ({
  kind: 'preference',
  id: `row-${i}`,
  prompt: `Once upon a time, there was a ${thing}`,
  chosen: ` who was happy and loved to play with friends${' all day'.repeat(i % 4)}.`,
  rejected: ` who was sad and cried${' a lot'.repeat(i % 3)}.`,
}));

export const wordItems: SuiteItem[] = things.map((thing) => ({
  kind: 'words',
  id: thing,
  text: `Once upon a time, there was a little girl named Lily. She loved to play with her ${thing} in the park. One day, she was very happy because her friends came to play.`,
}));

/** Model, dataset and suite of a tiny run, stored. */
export async function addTrainingMaterial(workbench: Workbench, model: string): Promise<void> {
  await workbench.models.add(model, { name: 'small' }, quietTask());
  await workbench.imports.addDataset('pairs', pairRows);
  await workbench.imports.addSuite('words', { kind: 'words' }, wordItems);
}

export function tinySpec(changes: Partial<RunSpecInput> = {}): Record<string, unknown> {
  return {
    name: 'tiny',
    model: 'small',
    dataset: { train: 'pairs', heldOut: 0.25 },
    algorithm: { kind: 'dpo' },
    guard: { kind: 'flipguard' },
    optimizer: { learningRate: 2e-4 },
    batch: { size: 2, maxLength: 64 },
    steps: 6,
    evaluate: { suites: ['words', 'held-out-pairs'], every: 3 },
    checkpoint: { every: 2 },
    ...changes,
  };
}

/** An evaluation as a JSONL file: sample i of `verdicts` is right for `1`, wrong for `0`. */
export function writeEvaluation(file: string, verdicts: string, extra: (i: number) => object = () => ({})): string {
  const lines = [...verdicts].map((verdict, i) =>
    JSON.stringify({
      id: `s${i}`,
      prompt: `Question ${i}?`,
      output: `Answer ${verdict}`,
      correct: verdict === '1',
      ...extra(i),
    }),
  );
  writeFileSync(file, `${lines.join('\n')}\n`);
  return file;
}
export const evaluationMap = { id: 'id', prompt: 'prompt', output: 'output', correct: 'correct' };

/** Imports evaluations of one set of samples, by name. */
export async function importVerdicts(workbench: Workbench, verdicts: Readonly<Record<string, string>>): Promise<void> {
  const folder = temporaryFolder();
  for (const [name, row] of Object.entries(verdicts)) {
    const source = writeEvaluation(path.join(folder, `${name}.jsonl`), row);
    await workbench.imports.evaluation({ source, name, map: evaluationMap }, quietTask());
  }
}

/** Asks for what is worked out, and waits for it as a window does. */
export async function requestComputed<N extends ComputedName>(
  { core, handle }: Workbench,
  name: N,
  input: Input<N>,
): Promise<Value<N>> {
  // The handler of a `Computed` channel made it.
  const answer = (await request(handle, name, input)) as Computed<Value<N>>;
  if (answer.state === 'done') return answer.value;
  const { error } = await core.jobs.settled(answer.jobId);
  if (error !== null) throw WorkbenchError.fromReport(error);
  return (await request(handle, 'jobs.take', { jobId: answer.jobId })) as Value<N>;
}
