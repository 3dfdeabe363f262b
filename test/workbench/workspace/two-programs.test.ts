import { describe, expect, test } from 'vitest';
import type { WorkbenchEvent } from '../../../src-main/shared/contract/events.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import {
  addTrainingMaterial,
  importVerdicts,
  openTestWorkbench,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

function untilTold(workbench: Workbench, fits: (event: WorkbenchEvent) => boolean): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = workbench.subscribe((event) => {
      if (!fits(event)) return;
      unsubscribe();
      resolve();
    });
  });
}

describe('two programs on one workspace', () => {
  test('tell each other what came in', async () => {
    const one = await openTestWorkbench();
    const two = await openTestWorkbench({ folder: one.core.layout.root });
    const told = untilTold(two, (event) => event.topic === 'changed' && event.lists.includes('evaluations'));
    await importVerdicts(one, { old: '10' });
    await told;
    expect((await two.evaluations.list()).map(({ name }) => name)).toEqual(['old']);
  });

  test.skipIf(smallModel === null)(`show each other’s runs as they go, and stop them${withSmallModel}`, async () => {
    const one = await openTestWorkbench();
    const two = await openTestWorkbench({ folder: one.core.layout.root });
    await addTrainingMaterial(one, smallModel ?? '');
    const step = untilTold(
      two,
      (event) => event.topic === 'run-events' && event.events.some(({ type }) => type === 'step'),
    );
    const run = await one.runs.launch({ spec: tinySpec({ steps: 2000, evaluate: { suites: [] }, checkpoint: {} }) });
    await step;
    // The other program leaves it alone, and asks the one that trains.
    await expect(two.runs.remove(run.id)).rejects.toMatchObject({ code: 'conflict' });
    const stopped = untilTold(two, (event) => event.topic === 'run' && event.run.status === 'stopped');
    await two.runs.ask(run.id, 'stop');
    expect((await one.runs.ended(run.id)).status).toBe('stopped');
    await stopped;
  });
});
