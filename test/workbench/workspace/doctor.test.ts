import { expect, it } from 'vitest';
import { createDoctor } from '../../../src-main/workbench/workspace/doctor.ts';
import { openTestWorkbench } from '../../helpers/workbench.ts';

it('tries the backends once a start, again when asked, and again after it could not', async () => {
  const { core } = await openTestWorkbench();
  let tried = 0;
  let fails = true;
  const doctor = createDoctor(core, () => {
    tried += 1;
    if (fails) return Promise.reject(new Error('no process could be started'));
    const memory = { totalBytes: 0, freeBytes: 0 };
    return Promise.resolve({ selected: null, backends: [], gpus: [], memory, node: '', platform: '' });
  });
  await expect(doctor.examine()).rejects.toThrow('no process');
  fails = false;
  const seen: number[] = [];
  for (const again of [false, false, true, false]) {
    await doctor.examine({ again });
    seen.push(tried);
  }
  expect(seen).toEqual([2, 2, 3, 3]);
});
