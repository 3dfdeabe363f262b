import { expect, test } from 'vitest';
import type { DatasetRow } from '../../../src-main/shared/domain/datasets.ts';
import type { RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import { requireLaunchable } from '../../../src-main/workbench/runs/check.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

const reward = { kind: 'lexicon' } as const;
const samplers = {
  ppo: { kind: 'ppo', reward },
  'online-dpo': { kind: 'online-dpo', reward, samplesPerPrompt: 2 },
  rloo: { kind: 'rloo', reward, samplesPerPrompt: 2 },
} satisfies Record<string, RunSpecInput['algorithm']>;
const noResponse =
  /guard\.target: “prompts” has prompts without responses, so there is none to guard; choose pre-sample/;

test.skipIf(smallModel === null)(
  `a guard on a response that the rows do not have is refused before the start${withSmallModel}`,
  async () => {
    const workbench = await openTestWorkbench();
    await addTrainingMaterial(workbench, smallModel ?? '');
    const prompts: DatasetRow[] = [{ kind: 'prompt', id: 'a', prompt: 'Once upon a time' }];
    await workbench.imports.addDataset('prompts', prompts);
    const launchable = (algorithm: RunSpecInput['algorithm'], train: string, guard: RunSpecInput['guard']) =>
      requireLaunchable(workbench.core, {
        spec: tinySpec({ algorithm, guard, dataset: { train }, evaluate: { suites: [] } }),
      });
    for (const algorithm of Object.values(samplers)) {
      await expect(launchable(algorithm, 'prompts', { kind: 'flipguard' })).rejects.toThrow(noResponse);
      await expect(launchable(algorithm, 'prompts', { kind: 'ungated' })).rejects.toThrow(noResponse);
      await expect(launchable(algorithm, 'pairs', { kind: 'flipguard' })).resolves.toBeDefined();
      await expect(
        launchable(algorithm, 'prompts', { kind: 'flipguard', target: 'pre-sample' }),
      ).resolves.toBeDefined();
      await expect(launchable(algorithm, 'prompts', { kind: 'flip-hinge', suite: 'words' })).resolves.toBeDefined();
    }
  },
);
