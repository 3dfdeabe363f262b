import { cpSync, mkdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, smallModel, temporaryFolder, withSmallModel } from '../../helpers/workbench.ts';

describe.skipIf(smallModel === null)(`a model${withSmallModel}`, () => {
  const copyOf = (folder: string) => {
    const model = path.join(folder, 'copied');
    cpSync(smallModel ?? '', model, { recursive: true });
    return model;
  };

  test('is listed by family, size and hash, once, and noticed when it changes or goes', async () => {
    const workbench = await openTestWorkbench();
    const folder = copyOf(temporaryFolder());
    const model = await workbench.models.add(folder, {}, quietTask());
    expect(model).toMatchObject({ name: 'copied', family: 'llama', origin: 'imported', path: folder });
    expect(model.parameters).toBeGreaterThan(100_000);
    expect(model.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect((await workbench.models.add(folder, {}, quietTask())).id).toBe(model.id);
    await expect(workbench.models.add(folder, { name: 'copied' }, quietTask())).rejects.toMatchObject({
      code: 'conflict',
    });
    const stateNow = async () => (await workbench.models.list()).map(({ state }) => state);
    expect(await stateNow()).toEqual(['present']);
    truncateSync(path.join(folder, 'model.safetensors'), 1000);
    expect(await stateNow()).toEqual(['changed']);
    rmSync(folder, { recursive: true });
    expect(await stateNow()).toEqual(['missing']);
    await workbench.models.remove(model.id);
    expect(await workbench.models.list()).toEqual([]);
  });

  test('whose files are not whole is refused by name', async () => {
    const workbench = await openTestWorkbench();
    const folder = copyOf(temporaryFolder());
    const weights = path.join(folder, 'model.safetensors');
    const add = () => workbench.models.add(folder, {}, quietTask());
    for (const bytes of [Buffer.alloc(4), Buffer.alloc(8, 255), Buffer.from('\u0002\0\0\0\0\0\0\0{]')]) {
      writeFileSync(weights, bytes);
      await expect(add()).rejects.toMatchObject({ code: 'corrupt', place: { file: 'model.safetensors' } });
    }
    rmSync(weights);
    await expect(add()).rejects.toThrow(/no model.safetensors/);
  });
});

test('a folder that is no model is refused with what is missing', async () => {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const add = (name: string) => workbench.models.add(path.join(folder, name), {}, quietTask());
  mkdirSync(path.join(folder, 'empty'));
  mkdirSync(path.join(folder, 'odd'));
  writeFileSync(path.join(folder, 'odd', 'config.json'), '{"model_type": 7}');
  for (const [name, why] of [
    ['nowhere', 'there is no such folder'],
    ['empty', 'config.json cannot be read in it'],
    ['odd', 'config.json does not name a model_type'],
  ] as const) {
    const message: unknown = expect.stringContaining(`${name} is not a Hugging Face model folder: ${why}.`);
    await expect(add(name)).rejects.toMatchObject({ code: 'bad-input', message });
  }
});
