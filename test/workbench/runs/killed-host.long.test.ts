import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { stringify } from 'yaml';
import { expect, onTestFinished, test } from 'vitest';
import { launchNodeTrainer } from '../../../src-main/trainer/node-child.ts';
import { createWorkbench } from '../../../src-main/workbench/create-workbench.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { startCli } from '../../helpers/cli.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  withSmallModel,
  temporaryFolder,
  tinySpec,
} from '../../helpers/workbench.ts';

const open = (folder: string): Promise<Workbench> =>
  createWorkbench({ folder, shell: 'web', launchTrainer: launchNodeTrainer });

/** Resolves when the child has said something that fits on stderr. */
function untilSaid(child: ReturnType<typeof startCli>, fits: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let said = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      if (fits.test(said)) resolve();
    });
  });
}

test.skipIf(smallModel === null)(
  `a run whose program is killed is interrupted at the next start, whole, and can be resumed${withSmallModel}`,
  async () => {
    const folder = path.join(temporaryFolder(), 'workspace');
    const preparing = await open(folder);
    await addTrainingMaterial(preparing, smallModel ?? '');
    await preparing.close();
    const spec = path.join(folder, 'spec.yaml');
    writeFileSync(spec, stringify(tinySpec({ steps: 400, checkpoint: { every: 2 }, evaluate: { suites: ['words'] } })));
    const host = startCli(folder, ['train', spec]);
    onTestFinished(() => void host.kill('SIGKILL'));
    await untilSaid(host, /checkpoint checkpoints.2/);

    // A second program leaves a living one's run alone.
    const beside = await open(folder);
    expect((await beside.runs.list()).map(({ status }) => status)).toEqual(['running']);
    await beside.close();

    host.kill('SIGKILL');
    await once(host, 'exit');
    const after = await openTestWorkbench({ folder });
    const [run] = await after.runs.list();
    expect(run).toMatchObject({ status: 'interrupted' });
    expect(run?.step).toBeGreaterThanOrEqual(2);
    const evaluations = await after.evaluations.list({ runId: run?.id ?? '' });
    expect(evaluations.map(({ step, suiteName }) => [step, suiteName])).toEqual([[0, 'words']]);
    expect((await after.core.store.listCheckpoints(run?.id)).length).toBeGreaterThan(0);
    // Resuming waits for the orphaned trainer to leave, then continues behind what it wrote.
    await after.runs.resume(run?.id ?? '');
    await new Promise<void>((resolve) => {
      after.subscribe((event) => {
        if (event.topic === 'run-events' && event.events.some(({ type }) => type === 'step')) resolve();
      });
    });
    await after.runs.ask(run?.id ?? '', 'stop');
    const stopped = await after.runs.ended(run?.id ?? '');
    expect(stopped.status).toBe('stopped');
    expect(stopped.step).toBeGreaterThan(run?.step ?? 0);
  },
);

test.skipIf(smallModel === null)(
  `Ctrl-C ends a run in the terminal after its step, with a checkpoint${withSmallModel}`,
  async () => {
    const folder = path.join(temporaryFolder(), 'workspace');
    const preparing = await open(folder);
    await addTrainingMaterial(preparing, smallModel ?? '');
    await preparing.close();
    const spec = path.join(folder, 'spec.yaml');
    writeFileSync(spec, stringify(tinySpec({ steps: 5000, checkpoint: {}, evaluate: { suites: [] } })));
    const host = startCli(folder, ['train', spec, '--json']);
    onTestFinished(() => void host.kill('SIGKILL'));
    let stdout = '';
    host.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    await untilSaid(host, /step \d/);
    host.kill('SIGINT');
    const [status] = (await once(host, 'close')) as [number];
    const { run } = JSON.parse(stdout) as { run: { id: string; status: string; step: number } };
    expect([status, run.status]).toEqual([3, 'stopped']);
    const after = await openTestWorkbench({ folder });
    expect((await after.core.store.listCheckpoints(run.id)).map(({ step }) => step)).toEqual([run.step]);
  },
);
