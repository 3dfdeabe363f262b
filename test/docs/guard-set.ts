import { join } from 'node:path';
import { defaultRule } from '../../src-main/shared/domain/flips.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import { request } from '../../src-main/workbench/dispatch.ts';
import { quietTask } from '../../src-main/workbench/task.ts';

/** What a person does in the flip browser: the samples of a comparison become the guard set “regressions”. */
export async function makeGuardSet(folder: string): Promise<void> {
  const workbench = await createWorkbench({
    folder: join(folder, 'workspace'),
    shell: 'web',
    launchTrainer: launchNodeTrainer,
  });
  try {
    const { core, evaluations, comparisons } = workbench;
    const [left, right] = await evaluations.pair('base', 'dpo', 'words');
    const comparison = await comparisons.ready(left.id, right.id, defaultRule, quietTask());
    const { sampleKeys } = await core.store.flipVectors(comparison.id, {});
    await request(workbench.handle, 'guardSets.create', {
      name: 'regressions',
      comparisonId: comparison.id,
      from: { sampleKeys: [...sampleKeys].slice(0, 10) },
    });
  } finally {
    await workbench.close();
  }
}
