/**
 * Pictures of every place, light and dark, for the documentation: `npm run screenshots [-- WORKSPACE]`. Without a workspace the
 * quick demo is run first, so that the places have something to show.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runDemo } from '../../src-main/workbench/demo/index.ts';
import { quietTask } from '../../src-main/workbench/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { places } from './places.ts';
import { openApp, serveWorkbench } from './shell.ts';

const folder = fileURLToPath(new URL('../../docs/screenshots/', import.meta.url));
/** Charts and lists have drawn themselves by then. */
const settledMs = 2500;

/** A run, its flips on the words it was checked with, beside the places that need no id. */
async function everyPlace(workbench: Workbench): Promise<{ path: string; name: string }[]> {
  const [run] = (await workbench.runs.list()).filter(({ name }) => name === 'DPO');
  if (run === undefined) throw new Error('the workspace holds no run called DPO: give one that the demo has filled');
  const evaluations = await workbench.evaluations.list({ runId: run.id });
  const words = evaluations
    .filter(({ suiteName }) => suiteName === 'words')
    .sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  const comparison = await workbench.comparisons.open(words[0]?.id ?? '', words.at(-1)?.id ?? '');
  return [
    ...places,
    { path: `/runs/${run.id}`, name: 'run' },
    { path: `/compare/${comparison.id}?kinds=negative`, name: 'flip-browser' },
  ];
}

mkdirSync(folder, { recursive: true });
const served = await serveWorkbench(process.argv[2]);
if (process.argv[2] === undefined) await runDemo(served.workbench, { quick: true, task: quietTask() });
const browser = await launchChromium();
for (const colorScheme of ['light', 'dark'] as const) {
  const app = await openApp(browser, served.shell.address, { colorScheme });
  for (const { path, name } of await everyPlace(served.workbench)) {
    await app.goto(path);
    await app.page.waitForTimeout(settledMs);
    if (name === 'flip-browser') {
      await app.page.getByRole('row').nth(2).click();
      await app.page.waitForTimeout(settledMs);
    }
    await app.page.screenshot({ path: `${folder}${name}${colorScheme === 'dark' ? '-dark' : ''}.png` });
  }
  await app.close();
}
await browser.close();
await served.close();
