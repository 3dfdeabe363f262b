/**
 * Pictures of every place, for the README and for whoever judges the look: `npm run screenshots [-- --workspace DIR] [NAME …]`.
 * Without a workspace the quick demo is run first, for real; nothing in the pictures is made up but the names of folders. `first` takes
 * the pictures of docs/first-ten-minutes.md.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import os, { tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { request } from '../../src-main/workbench/contract/dispatch.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { launchChromium } from '../helpers/chromium.ts';
import { firstTenMinutes } from './first-ten-minutes.ts';
import type { App } from './pages.ts';
import { places } from './places.ts';
import { openApp, serveWorkbench } from './serve.ts';

interface Shot {
  name: string;
  path: string;
  /** Brings the place into the state that is to be seen. */
  prepare?: (app: App) => Promise<void>;
  dark?: boolean;
  width?: number;
}

const { values, positionals } = parseArgs({ options: { workspace: { type: 'string' } }, allowPositionals: true });
const out = path.resolve(import.meta.dirname, '../../docs/screenshots');
mkdirSync(out, { recursive: true });
const temporary = mkdtempSync(path.join(tmpdir(), 'flipguard-screenshots-'));
const folder = values.workspace ?? path.join(temporary, 'quick-demo');
const served = await serveWorkbench(folder);
const browser = await launchChromium();
const wants = (name: string) => positionals.length === 0 || positionals.includes(name);
try {
  if (wants('first')) await takeFirstTenMinutes();
  if (positionals.some((name) => name !== 'first') || positionals.length === 0) {
    await runDemo(served.workbench);
    for (const shot of await shotsOf(served.workbench)) if (wants(shot.name)) await take(shot);
  }
} finally {
  await browser.close();
  await served.close();
  rmSync(temporary, { recursive: true, force: true });
}

/** The pictures of docs/first-ten-minutes.md, in a workspace of their own. */
async function takeFirstTenMinutes(): Promise<void> {
  const own = await serveWorkbench(path.join(temporary, 'my-results'));
  const app = await openApp(browser, own.shell.address, {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
  });
  try {
    await firstTenMinutes(app, async (name) => {
      await app.page.waitForLoadState('networkidle');
      await leaveOutThisMachine(app);
      await app.page.screenshot({ path: path.join(out, `first-${name}.png`) });
      console.info(`first-${name}.png`);
    });
  } finally {
    await app.close();
    await own.close();
  }
}

async function take({ name, path: place, prepare, dark, width = 1440 }: Shot): Promise<void> {
  const app = await openApp(browser, served.shell.address, {
    viewport: { width, height: 900 },
    colorScheme: dark === true ? 'dark' : 'light',
  });
  await app.page.getByRole('contentinfo').getByRole('link').first().waitFor();
  await app.goto(place);
  await app.page.getByRole('main').getByRole('heading').first().waitFor();
  await app.page.waitForLoadState('networkidle');
  await prepare?.(app);
  // Skeletons are where answers are still on their way.
  await app.page.waitForFunction(() => document.querySelector('.loading, .pending') === null);
  await leaveOutThisMachine(app);
  await app.page.screenshot({ path: path.join(out, `${name}.png`) });
  console.info(`${name}.png${app.complaints.length > 0 ? ` (${app.complaints.join('; ')})` : ''}`);
  await app.close();
}

/** Folders and the system's release are those of whoever takes the pictures; a reader has others. */
async function leaveOutThisMachine({ page }: App): Promise<void> {
  const root = path.resolve(import.meta.dirname, '../..');
  const words: [string, string][] = [
    [root, '~/flipguard-workbench'],
    [path.dirname(folder), '~'],
    [` ${os.release()} `, ' '],
  ];
  await page.evaluate((pairs) => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const node = walker.currentNode;
      for (const [found, shown] of pairs) node.nodeValue = (node.nodeValue ?? '').replaceAll(found, shown);
    }
  }, words);
}

/** Runs the quick demo unless the workspace has runs already. */
async function runDemo(workbench: Workbench): Promise<void> {
  const ask = workbench.handle;
  if ((await request(ask, 'runs.list', {})).length > 0) return;
  const done = new Promise<void>((resolve, reject) => {
    workbench.subscribe((event) => {
      if (event.topic !== 'job' || event.job.kind !== 'demo' || event.job.state === 'running') return;
      if (event.job.state === 'done') resolve();
      else reject(new Error(event.job.error?.message ?? event.job.state));
    });
  });
  await request(ask, 'demo.start', { quick: true });
  await done;
}

async function shotsOf(workbench: Workbench): Promise<Shot[]> {
  const ask = workbench.handle;
  const runs = await request(ask, 'runs.list', {});
  const guarded = runs.find((run) => run.spec.guard.kind === 'flipguard') ?? runs[0];
  const plain = runs.find((run) => run.spec.guard.kind === 'none') ?? runs[0];
  const points = plain === undefined ? [] : await workbench.runs.flipMeter(plain.id, quietTask());
  const most = [...points].sort((a, b) => b.negative - a.negative)[0];
  const comparison =
    most === undefined
      ? null
      : await request(ask, 'comparisons.open', {
          leftEvaluationId: most.baseEvaluationId,
          rightEvaluationId: most.evaluationId,
        });
  const flips = `/compare/${comparison?.id ?? ''}`;
  const ready = async (app: App) => {
    await app.flips.ready();
    await app.page.getByLabel('Headline').getByText('Net change').waitFor();
    await app.page
      .getByText('Looking for what they have in common', { exact: true })
      .waitFor({ state: 'detached', timeout: 300_000 });
  };
  const checked = async (app: App) => {
    await app.page.getByText('ready to start').waitFor();
  };
  const ledgerRead = async (app: App) => {
    await app.page.getByText('repaired').first().waitFor({ timeout: 300_000 });
  };
  const partnersCounted = async (app: App) => {
    await app.page
      .getByText(/^[\d,]+ shared$/)
      .first()
      .waitFor();
  };
  const part = (name: string) => async (app: App) => {
    await ready(app);
    await app.flips.sample.getByText(name, { exact: true }).click();
  };
  return [
    ...places.flatMap(({ name, path: place }) => {
      const prepare = { launch: checked, 'guard-sets': ledgerRead, compare: partnersCounted }[name];
      const shot = { name, path: place, ...(prepare === undefined ? {} : { prepare }) };
      return [shot, { ...shot, name: `${name}-dark`, dark: true }];
    }),
    { name: 'run', path: `/runs/${plain?.id ?? ''}`, prepare: chartsDrawn },
    { name: 'run-dark', path: `/runs/${guarded?.id ?? ''}`, prepare: chartsDrawn, dark: true },
    { name: 'relaunch', path: `/launch?parent=${plain?.id ?? ''}`, prepare: changeWeight },
    { name: 'flip-browser', path: flips, prepare: ready },
    { name: 'flip-browser-dark', path: flips, prepare: ready, dark: true },
    { name: 'flip-browser-1024', path: flips, prepare: ready, width: 1024 },
    { name: 'sample-timeline', path: flips, prepare: part('Timeline') },
    { name: 'sample-training', path: flips, prepare: part('Training') },
    { name: 'sample-neighbours', path: flips, prepare: part('Neighbours') },
    {
      name: 'sample-ledger',
      path: flips,
      prepare: async (app) => {
        await part('Token ledger')(app);
        await app.button('Read the token ledger').click();
        await app.flips.sample
          .getByText(/nats over/)
          .first()
          .waitFor();
      },
    },
    { name: 'import', path: '/', prepare: previewImport },
    {
      name: 'palette',
      path: '/runs',
      prepare: async (app) => {
        await app.page.keyboard.press('Control+K');
        await app.page.getByRole('option').first().waitFor();
      },
    },
    {
      name: 'shortcuts',
      path: flips,
      prepare: async (app) => {
        await ready(app);
        await app.page.keyboard.press('?');
        await app.page.getByRole('dialog').waitFor();
      },
    },
  ];
}

async function chartsDrawn(app: App): Promise<void> {
  await app.page
    .getByRole('group', { name: /^Flips of/ })
    .first()
    .waitFor();
  await app.page.getByRole('figure').locator('canvas').first().waitFor();
}

async function changeWeight(app: App): Promise<void> {
  const guard = app.page.getByRole('group', { name: 'Guard' });
  await guard.getByLabel('Kind', { exact: true }).selectOption('flipguard');
  await guard.getByLabel('Weight', { exact: true }).fill('3');
  await app.page.getByRole('row', { name: /guard\.weight/ }).waitFor();
}

async function previewImport(app: App): Promise<void> {
  const rows = Array.from({ length: 40 }, (_, i) =>
    JSON.stringify({
      id: `add-${i}`,
      prompt: `What is ${i} and ${i + 3}?`,
      output: String(2 * i + (i % 4 === 0 ? 4 : 3)),
      correct: i % 4 !== 0,
      subject: 'sums',
    }),
  );
  await app.importDialog.drop({ name: 'new-model.jsonl', text: [...rows, '{"id": "cut'].join('\n') });
  await app.importDialog.root.getByRole('region', { name: 'First rows' }).waitFor();
}
