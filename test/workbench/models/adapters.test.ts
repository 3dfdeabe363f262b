import { cp, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { findWeights, weightsFolder } from '../../../src-main/workbench/models/weights.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { largestDifference, logitsAt, modelAsset, readRecorded } from '../../helpers/golden-models.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

beforeAll(async () => {
  await openTestBackend();
});

async function withBase(): Promise<Workbench> {
  const workbench = await openTestWorkbench();
  await workbench.models.add(modelAsset('llama'), { name: 'base' }, quietTask());
  return workbench;
}

describe('an adapter that PEFT wrote', () => {
  it('is a model of the workbench on its base, with weights that PEFT’s logits come out of', async () => {
    const workbench = await withBase();
    const adapter = await workbench.models.add(
      modelAsset('llama-foreign-dora'),
      { name: 'adapted', base: 'base' },
      quietTask(),
    );
    const base = await workbench.models.find('base');
    expect(adapter).toMatchObject({ family: 'llama', baseId: base.id, origin: 'imported' });
    expect((await workbench.models.list()).find(({ name }) => name === 'adapted')).toMatchObject({ state: 'present' });
    const { core } = workbench;
    const whole = await weightsFolder(core, await findWeights(core, 'adapted'), quietTask());
    expect(await weightsFolder(core, await findWeights(core, 'adapted'), quietTask())).toBe(whole);
    const recorded = readRecorded('llama-foreign-dora', 'golden.json');
    const model = await loadModel(openFolder(whole));
    const difference = largestDifference(logitsAt(model, recorded), recorded.logits);
    model.dispose();
    expect(difference).toBeLessThan(1e-4);
    await expect(workbench.models.remove(base.id)).rejects.toMatchObject({ code: 'conflict' });
  });

  it('says what it is where its base is not named, and the other way round', async () => {
    const workbench = await withBase();
    await expect(workbench.models.add(modelAsset('llama-adapter'), {}, quietTask())).rejects.toMatchObject({
      code: 'bad-input',
      message: expect.stringMatching(/is an adapter of \.\.\/llama, not a whole model/),
      remedy: expect.stringContaining('--base'),
    });
    await expect(
      workbench.models.add(modelAsset('llama'), { name: 'again', base: 'base' }, quietTask()),
    ).rejects.toMatchObject({ message: expect.stringContaining('it is not an adapter') });
  });

  it('is refused by name at import where it would be computed wrongly', async () => {
    const workbench = await withBase();
    const pissa = path.join(temporaryFolder(), 'pissa');
    await cp(modelAsset('llama-adapter'), pissa, { recursive: true });
    await writeFile(
      path.join(pissa, 'adapter_config.json'),
      JSON.stringify({ peft_type: 'LORA', r: 3, lora_alpha: 6, init_lora_weights: 'pissa' }),
    );
    await expect(workbench.models.add(pissa, { base: 'base' }, quietTask())).rejects.toMatchObject({
      code: 'unsupported',
      place: { field: 'init_lora_weights' },
    });
    await writeFile(
      path.join(pissa, 'adapter_config.json'),
      JSON.stringify({ peft_type: 'LORA', r: 3, lora_alpha: 6, rank_pattern: { '(?i)Q_PROJ': 2 } }),
    );
    await expect(workbench.models.add(pissa, { base: 'base' }, quietTask())).rejects.toMatchObject({
      code: 'unsupported',
      place: { field: 'rank_pattern' },
    });
    // Of another model, by the header of its weights alone.
    await expect(workbench.models.add(modelAsset('gpt2-adapter'), { base: 'base' }, quietTask())).rejects.toMatchObject(
      {
        code: 'bad-input',
        message: expect.stringMatching(/transformer\.h\.0\.\S+ does not fit the model/),
        remedy: expect.stringContaining('--base'),
      },
    );
  });
});
