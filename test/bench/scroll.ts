/**
 * Scrolling through a comparison of a million samples in a real Chromium: how many tasks of the page took longer than
 * 50 ms and 100 ms, and how long rows took to appear. `node build/node24.mjs test/bench/scroll.ts [ROWS]`
 */
import { createWriteStream, mkdtempSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { openApp, serveWorkbench } from '../browser/serve.ts';
import type { App } from '../browser/pages.ts';

const rows = Number(process.argv[2] ?? 1_000_000);
const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-scroll-'));
const map = { id: 'id', prompt: 'prompt', output: 'output', correct: 'correct', score: 'score', slice: 'slice' };

async function writeSide(side: number): Promise<string> {
  const file = path.join(folder, `side-${side}.jsonl`);
  const out = createWriteStream(file);
  for (let i = 0; i < rows; i++) {
    const correct = (i * 2654435761 + side * 40503) % 97 > 30;
    const line = `{"id":${i},"prompt":"Question ${i} of many","output":"answer ${side} ${i % 1000}","correct":${correct},"score":${((i * 31 + side * 17) % 1000) / 100},"slice":"part ${i % 40}"}\n`;
    if (!out.write(line)) await once(out, 'drain');
  }
  out.end();
  await once(out, 'finish');
  return file;
}

async function timed<T>(what: string, work: () => Promise<T>): Promise<T> {
  const began = performance.now();
  const result = await work();
  console.info(`${what}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
  return result;
}

/** Runs something in the page and returns the long tasks that it caused, in ms. */
async function longTasks(app: App, what: string, work: () => Promise<void>): Promise<void> {
  await app.page.evaluate(() => {
    const list: number[] = [];
    Object.assign(window, { longTasks: list });
    new PerformanceObserver((entries) => list.push(...entries.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
  });
  await work();
  const list = await app.page.evaluate(() => (window as unknown as { longTasks: number[] }).longTasks);
  const longest = Math.round(Math.max(0, ...list));
  console.info(
    `${what}: ${list.length} tasks over 50 ms, ${list.filter((ms) => ms > 100).length} over 100 ms, longest ${longest} ms`,
  );
}

/** Scrolls as a wheel does, frame by frame. */
const wheel = (app: App, frames: number, step: number) =>
  app.page.evaluate(
    async ([count, by]) => {
      const grid = document.querySelector('[role=grid]');
      for (let frame = 0; frame < count; frame++) {
        grid?.scrollBy(0, by);
        await new Promise((resolve) => requestAnimationFrame(resolve));
      }
    },
    [frames, step] as const,
  );

const served = await serveWorkbench(path.join(folder, 'workspace'));
const browser = await launchChromium();
try {
  const { imports, comparisons } = served.workbench;
  const ids: string[] = [];
  for (const side of [0, 1]) {
    const source = await writeSide(side);
    const record = await timed(`import of ${rows} rows`, () =>
      imports.evaluation({ source, name: `side ${side}`, map }, quietTask()),
    );
    ids.push(record.id);
  }
  const [left = '', right = ''] = ids;
  const comparison = await timed('comparison', () => comparisons.ready(left, right, undefined, quietTask()));
  const app = await openApp(browser, served.shell.address);
  await timed('opening all samples, sorted by score difference', async () => {
    await app.goto(`/compare/${comparison.id}?kind=all`);
    await app.flips.ready();
  });
  await app.page.getByLabel('Headline').getByText('Net change').waitFor();
  await longTasks(app, 'wheel, 300 frames of 240 px', () => wheel(app, 300, 240));
  await longTasks(app, 'scroll bar dragged over all of it, 120 frames', () => wheel(app, 120, 130_000));
  await timed('rows at the end', async () => {
    await app.flips.table.focus();
    await app.page.keyboard.press('End');
    await app.flips.table
      .locator(`[aria-rowindex="${rows + 1}"] [role=gridcell]`)
      .first()
      .waitFor();
    await app.page.waitForFunction(() => document.querySelector('.grid-row.pending') === null);
  });
  await longTasks(app, 'next sample, 40 times', async () => {
    await app.page.keyboard.press('Home');
    for (let i = 0; i < 40; i++) await app.page.keyboard.press('j');
  });
  await timed('a facet', async () => {
    await longTasks(app, 'a facet', async () => {
      await app.flips.facet('negative').click();
      await app.button('Remove negative').waitFor();
      await app.page.waitForFunction(() => document.querySelector('[role=grid][aria-busy=true]') === null);
    });
  });
} finally {
  await browser.close();
  await served.close();
  rmSync(folder, { recursive: true, force: true });
}
