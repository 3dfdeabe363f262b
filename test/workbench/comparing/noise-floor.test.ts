import { expect, test } from 'vitest';
import { noiseFloorOf } from '../../../src-main/workbench/comparing/noise-floor.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { importVerdicts, openTestWorkbench } from '../../helpers/workbench.ts';

test('the noise floor is counted from the second evaluation, and a cancel ends the counting', async () => {
  const workbench = await openTestWorkbench();
  const { core, comparisons } = workbench;
  await importVerdicts(workbench, { old: '11110000', again: '11010001', now: '10110000' });
  const all = await core.store.listEvaluations();
  const idOf = (name: string) => all.find((one) => one.name === name)?.id ?? '';
  const { id } = await comparisons.ready(idOf('old'), idOf('now'), undefined, quietTask());
  await core.store.setNoiseFloor(id, idOf('again'), null);
  const comparison = await comparisons.get(id);

  // Two of eight samples differ between the repeats: half of them are negative flips. One sample fell, and the repeat had it right.
  expect(await noiseFloorOf(core, comparisons, comparison, quietTask())).toMatchObject({
    n: 8,
    floor: 1 / 8,
    nfr: 1 / 8,
    solid: 1,
    flaky: 0,
  });
  await expect(noiseFloorOf(core, comparisons, comparison, quietTask(AbortSignal.abort()))).rejects.toMatchObject({
    code: 'cancelled',
  });
});
