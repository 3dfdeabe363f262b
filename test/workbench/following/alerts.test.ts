import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { WorkbenchEvent } from '../../../src-main/shared/contract/events.ts';
import type { FlipMeterPoint } from '../../../src-main/shared/contract/views.ts';
import { parseAlert } from '../../../src-main/shared/domain/alerts.ts';
import { createAlerts } from '../../../src-main/workbench/following/alerts.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { flipguard } from '../../helpers/cli.ts';
import { FakeTrainer } from '../../helpers/fake-trainer.ts';
import { patienceMs } from '../../helpers/patience.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  temporaryFolder,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

const told = path.resolve(import.meta.dirname, '../../assets/trainers/dpo-told');

async function withRun(): Promise<Workbench> {
  const workbench = await openTestWorkbench();
  await workbench.following.importRun(told, { name: 'told' }, quietTask());
  return workbench;
}

/** An address of this machine that takes what is sent to it. */
async function listen(status = 200): Promise<{ url: string; taken: unknown[] }> {
  const taken: unknown[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      taken.push(JSON.parse(text));
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alerts`, taken };
}

const point = (step: number, low: number): FlipMeterPoint => ({
  suiteName: 'words',
  step,
  evaluationId: 'e',
  baseEvaluationId: 'b',
  rule: { kind: 'verdict', ties: 'wrong' },
  n: 100,
  negative: 9,
  positive: 0,
  nfr: { value: 0.09, low, high: 0.2, level: 0.95 } as FlipMeterPoint['nfr'],
  pfr: { value: 0, low: 0, high: 0.03, level: 0.95 } as FlipMeterPoint['pfr'],
  floor: null,
});

test('a rule is told once while it holds, and again only after it held no more; a start in between changes nothing', async () => {
  const { core } = await withRun();
  const [run] = await core.store.listRuns();
  if (run === undefined) throw new Error('no run');
  const { url, taken } = await listen();
  const heard: string[] = [];
  core.bus.subscribe((event: WorkbenchEvent) => event.topic === 'alert' && heard.push(event.alert.message));
  const rules = ['nfr>5%', 'loss<0.6', 'rewards/margins<0', 'unknown>1'].map(parseAlert);
  const start = () => createAlerts(core, rules, { webhook: url, say: (sentence) => heard.push(sentence) });
  let alerts = start();
  const raised = async (step: number, low: number) =>
    (await alerts.look(run, [point(step, low)])).map(({ rule }) => rule);

  // The loss of the recorded training ends below 0.6, and its margins above 0.
  expect(await raised(4, 0.06)).toEqual(['nfr > 0.05', 'loss < 0.6']);
  expect(await raised(5, 0.07)).toEqual([]);
  alerts = start();
  expect(await raised(6, 0.07)).toEqual([]);
  expect(await raised(7, 0.01)).toEqual([]);
  expect(await raised(8, 0.08)).toEqual(['nfr > 0.05']);
  expect(heard).toHaveLength(3);
  expect(heard[0]).toBe(
    'Alert: “told” lost 9 of 100 samples of words at step 4: at least 6.0 % are negative flips (nfr > 0.05).',
  );
  expect((await core.store.listAlerts(run.id)).map(({ rule, step, suiteName }) => [rule, step, suiteName])).toEqual([
    ['nfr > 0.05', 8, 'words'],
    ['loss < 0.6', 8, null],
    ['nfr > 0.05', 4, 'words'],
  ]);
  expect(taken[0]).toEqual({
    run: 'told',
    runId: run.id,
    rule: 'nfr > 0.05',
    step: 4,
    suite: 'words',
    value: 0.06,
    text: heard[0],
  });
});

test('an address that refuses is a sentence, and one that is neither here nor encrypted is refused', async () => {
  const { core } = await withRun();
  const [run] = await core.store.listRuns();
  const { url } = await listen(500);
  const said: string[] = [];
  const alerts = createAlerts(core, [parseAlert('nfr>5%')], { webhook: url, say: (sentence) => said.push(sentence) });
  if (run !== undefined) await alerts.look(run, [point(1, 0.5)]);
  expect(said).toEqual([`The alert did not reach ${url}: it answered 500.`]);
  expect(() => createAlerts(core, [], { webhook: 'http://example.org/x', say: () => {} })).toThrow();
});

test('a misspelt curve is refused where a folder is watched, and one that never came is said at the end', async () => {
  const folder = path.join(temporaryFolder(), 'workspace');
  const watch = (...alerts: string[]) =>
    flipguard(folder, 'watch', told, ...alerts.flatMap((rule) => ['--alert', rule]));
  const refused = await watch('rewards/margns<0');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('Did you mean “rewards/margins”?')]);
  const { status, stderr } = await watch('own_curve>1', 'kl>10');
  expect(status).toBe(0);
  expect(stderr).toContain('No known curve is called “own_curve”, so own_curve > 1 might never hold. The alert waits');
  for (const name of ['own_curve', 'kl']) expect(stderr).toContain(`ended without a curve “${name}”, so the alert`);
});

test(`a run that is trained here is looked at with each step, by the rules of its spec${withSmallModel}`, async (ctx) => {
  if (smallModel === null) return ctx.skip('no small model here');
  const trainer = new FakeTrainer();
  const workbench = await openTestWorkbench({ launchTrainer: () => trainer });
  await addTrainingMaterial(workbench, smallModel);
  const rules = ['kl/pre>10', 'loss<0.1', 'rewards/margins<0'];
  const specWith = (alerts: string[]) => ({ spec: { ...tinySpec({ name: 'own' }), limits: { alerts } } });
  expect((await workbench.runs.check(specWith(['rewards/margns<0', 'blah>1']), undefined, false)).issues).toEqual([
    expect.objectContaining({
      path: 'limits.alerts.0',
      message: expect.stringContaining('mean “rewards/margins”?') as string,
    }),
    expect.objectContaining({
      path: 'limits.alerts.1',
      message: expect.stringContaining('docs/reference/metrics.md') as string,
    }),
  ]);
  // The window names where alerts go: only after a person allowed it, and never unencrypted to another machine.
  const { url, taken } = await listen();
  const launch = (alertsTo: string) => workbench.handle('runs.launch', { input: specWith(rules), alertsTo });
  expect(await launch('http://example.org/x')).toMatchObject({ ok: false, error: { code: 'bad-input' } });
  expect(await launch(url)).toMatchObject({ error: { consent: { kind: 'endpoint', origin: new URL(url).origin } } });
  vi.stubEnv('XDG_CONFIG_HOME', temporaryFolder());
  vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', new URL(url).origin);
  onTestFinished(() => void vi.unstubAllEnvs());
  const launched = await launch(url);
  const [run] = await workbench.core.store.listRuns();
  if (!launched.ok || run === undefined) throw new Error(JSON.stringify(launched));
  await vi.waitUntil(() => trainer.job !== null, { timeout: patienceMs });
  trainer.start();
  const step = (number: number, kl: number) =>
    trainer.say({ type: 'step', step: number, epoch: 0, metrics: { loss: 0.5, 'kl/pre': kl }, tables: {} });
  step(1, 3);
  step(2, 11);
  step(3, 12);
  trainer.finish('completed');
  await workbench.runs.ended(run.id);
  await workbench.alerts.settled();
  const alerts = await workbench.core.store.listAlerts(run.id);
  expect(alerts.map(({ message }) => message)).toEqual(['Alert: kl/pre of “own” is 11 at step 2 (kl/pre > 10).']);
  expect(taken).toEqual([expect.objectContaining({ run: 'own', rule: 'kl/pre > 10', step: 2, value: 11 })]);
  expect(await workbench.alerts.silent(run.id)).toEqual([
    '“own” ended without a curve “rewards/margins”, so the alert rewards/margins < 0 could never be raised.',
  ]);
});
