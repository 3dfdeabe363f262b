import { cp, open, stat, utimes } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { findWeights, weightsFolder } from '../../../src-main/workbench/models/weights.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { modelAsset } from '../../helpers/golden-models.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

async function copyOf(asset: string): Promise<string> {
  const folder = path.join(temporaryFolder(), asset);
  await cp(modelAsset(asset), folder, { recursive: true });
  return folder;
}

/** Another number, in a file of the same size and time; doing it again brings the old one back. */
async function changeWeights(file: string): Promise<void> {
  const { size, atime, mtime } = await stat(file);
  const handle = await open(file, 'r+');
  const byte = Buffer.alloc(1);
  await handle.read(byte, 0, 1, size - 1);
  await handle.write(Buffer.from([(byte[0] ?? 0) ^ 0x40]), 0, 1, size - 1);
  await handle.close();
  await utimes(file, atime, mtime);
}

const weightsOf = async ({ core }: Workbench, name: string) =>
  weightsFolder(core, await findWeights(core, name), quietTask());
const changed = (name: string, folder: string) => ({
  code: 'corrupt',
  message: `Model “${name}” has changed: its sha256 does not match what was recorded.`,
  remedy: expect.stringContaining(`import ${folder} again under another name`),
});

test('a model whose folder was written into is refused wherever its weights are wanted, until they are back', async () => {
  const workbench = await openTestWorkbench();
  const folder = await copyOf('llama');
  const file = path.join(folder, 'model.safetensors');
  await workbench.models.add(folder, { name: 'mine' }, quietTask());
  expect(await weightsOf(workbench, 'mine')).toBe(folder);
  await changeWeights(file);
  await expect(weightsOf(workbench, 'mine')).rejects.toMatchObject(changed('mine', folder));
  await expect(
    workbench.madeModels.interpolate('mine', 'mine', 0.5, 'between', quietTask()),
    'what is computed of it',
  ).rejects.toMatchObject(changed('mine', folder));
  await changeWeights(file);
  expect(await weightsOf(workbench, 'mine')).toBe(folder);
});

test('so is an adapter, and one whose base was written into', async () => {
  const workbench = await openTestWorkbench();
  const [base, adapter] = [await copyOf('llama'), await copyOf('llama-foreign-dora')];
  await workbench.models.add(base, { name: 'base' }, quietTask());
  await workbench.models.add(adapter, { name: 'adapted', base: 'base' }, quietTask());
  await changeWeights(path.join(base, 'model.safetensors'));
  await expect(weightsOf(workbench, 'adapted')).rejects.toMatchObject(changed('base', base));
  await changeWeights(path.join(base, 'model.safetensors'));
  await changeWeights(path.join(adapter, 'adapter_model.safetensors'));
  await expect(weightsOf(workbench, 'adapted')).rejects.toMatchObject(changed('adapted', adapter));
});

test('what shows the answers of changed weights does without what only they could tell', async () => {
  const workbench = await openTestWorkbench();
  const { core, comparisons, samples } = workbench;
  const folder = await copyOf('llama');
  const { id: modelId } = await workbench.models.add(folder, { name: 'mine' }, quietTask());
  const evaluations = [];
  for (const [name, verdict] of [
    ['old', 'right'],
    ['new', 'wrong'],
  ] as const) {
    const head = { name, suiteId: null, suiteName: 's', modelId, runId: null, checkpointId: null, step: null };
    const ingest = await core.store.beginEvaluation({ ...head, decoding: null, import: null });
    await ingest.push([{ sampleId: 'a', prompt: 'Once', target: 'x', output: name, score: null, verdict }]);
    evaluations.push(await ingest.commit());
  }
  const { id } = await comparisons.ready(evaluations[0] ?? '', evaluations[1] ?? '', undefined, quietTask());
  const { sampleKeys } = await core.store.flipVectors(id, {});
  await changeWeights(path.join(folder, 'model.safetensors'));
  expect(await samples.ledgersWherePossible(id, [...sampleKeys], quietTask())).toEqual(new Map());
  await expect(samples.ledger(id, sampleKeys[0] ?? 0, quietTask())).rejects.toMatchObject(changed('mine', folder));
});
