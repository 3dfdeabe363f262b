import { expect, test } from 'vitest';
import { guardRound } from '../../../src-main/workbench/demo/guard-round.ts';
import { quickDemo } from '../../../src-main/workbench/demo/settings.ts';
import { specOf, trainOne } from '../../../src-main/workbench/demo/training.ts';
import { mitigationLedger } from '../../../src-main/workbench/comparing/guard-sets.ts';
import { methodOf } from '../../../src-main/shared/presentation/methods.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  withSmallModel,
  wordItems,
} from '../../helpers/workbench.ts';

test.skipIf(smallModel === null)(
  `the words that the demo’s DPO lost are guarded in a relaunch, and a ledger tells what became of them${withSmallModel}`,
  async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    for (const name of ['cloze', 'greedy', 'sampled'])
      await workbench.imports.addSuite(name, { kind: 'words' }, wordItems.slice(0, 1));
    const [model] = await workbench.models.list();
    if (model === undefined) throw new Error('the model was just added');
    const settings = { ...quickDemo, steps: 8, checkpointEvery: 8, learningRate: 3e-3 };
    const suites = { words: 'words', cloze: 'cloze', greedy: 'greedy', sampled: 'sampled' };
    const recipe = { model, material: { dataset: 'pairs', suites }, settings, seed: 0 };
    const dpo = await trainOne(workbench, specOf({ name: 'DPO', guard: { kind: 'none' } }, recipe), quietTask());
    const guarded = await guardRound(workbench, recipe, [dpo], quietTask());
    if (guarded === null) throw new Error('this training was to lose words');
    const run = await workbench.runs.get(guarded.runId);
    expect(run).toMatchObject({ name: 'DPO + guard set', status: 'finished', parentRunId: dpo.id, step: 8 });
    expect(methodOf(run.spec)).toBe('DPO + guard set');
    const { core, comparisons } = workbench;
    const [ledger] = await mitigationLedger(core, comparisons, guarded.guardSetId, guarded.runId, quietTask());
    const lost = (await workbench.runs.flipMeter(dpo.id, quietTask())).find(
      ({ suiteName }) => suiteName === 'words',
    )?.negative;
    expect(lost).toBeGreaterThan(0);
    expect((ledger?.repaired ?? 0) + (ledger?.stillBroken ?? 0)).toBe(lost);
  },
);
