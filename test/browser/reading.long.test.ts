import { describe, expect, it } from 'vitest';
import { compareTwoModels } from './material.ts';
import type { App } from './pages.ts';
import { longAnswers, longAnswersFile } from './long-answers.ts';
import type { LongAnswer } from './long-answers.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';
import { addEvaluation, compare, sample } from '../store/workspace.ts';

const noBrowser = await whyNoBrowser();

const poem = Array.from({ length: 40 }, (_, i) => `Line ${i + 1} of a poem that both models know.`);
const hostile = [
  '<script>window.hacked = 1</script><img src="https://evil.example/x.png" onerror="window.hacked = 2">',
  '![a picture](https://evil.example/p.png) and ![x](javascript:window.hacked=3)',
  '[click me](javascript:window.hacked=4) [and me](https://evil.example/) <https://evil.example/auto>',
  '<iframe src="https://evil.example/"></iframe><style>body{display:none}</style>',
  '<svg onload="window.hacked=5"><a href="data:text/html,<script>window.hacked=6</script>">x</a></svg>',
  '`<b onclick=window.hacked=7>`\n\n```html\n<script>window.hacked = 8</script>\n```',
  '[ref]: javascript:window.hacked=9\n\n[ref] &lt;script&gt; &#x3C;img src=x onerror=alert(1)&#x3E;',
].join('\n\n');
const extra: LongAnswer[] = [
  {
    id: 'aa-poem',
    instruction: 'Recite the poem.',
    category: 'poem',
    old: poem.join('\n'),
    now: poem.map((line, i) => (i === 20 ? 'Line 21 of a poem that one model knows.' : line)).join('\n'),
    oldRight: true,
    nowRight: false,
  },
  {
    id: 'ab-hostile',
    instruction: hostile,
    category: 'hostile',
    old: hostile,
    now: `${hostile}\n\nand more`,
    oldRight: true,
    nowRight: false,
  },
];

describe.skipIf(noBrowser !== null)('answers', () => {
  let comparisonId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareTwoModels(workbench, longAnswersFile([...extra, ...longAnswers]));
  });
  const sampleOf = async (id: string) => {
    const sort = { column: 'sampleId', direction: 'ascending' } as const;
    const { store } = served.workbench.core;
    const { viewId, total } = await store.openFlipView(comparisonId, {}, sort);
    const rows = await store.flipWindow(viewId, 0, total);
    await store.closeFlipView(viewId);
    return rows.find(({ sampleId }) => sampleId === id)?.sampleKey ?? -1;
  };
  const show = async (app: App, id: string, query = '') => {
    await app.goto(`/compare/${comparisonId}?sample=${await sampleOf(id)}${query}`);
    await app.flips.sample.getByRole('heading', { level: 2, name: id }).waitFor();
  };
  const side = (app: App, name: 'Old' | 'New') => app.flips.sample.getByRole('region', { name, exact: true });
  const marks = (app: App, name: 'Old' | 'New') => side(app, name).locator('mark.change').allInnerTexts();

  it('differ by words, by lines or not at all, with equal parts folded and a key to the next difference', async () => {
    const app = await served.open();
    await show(app, 'aa-poem');
    expect(await marks(app, 'New')).toEqual(['one model knows']);
    const folds = app.flips.sample.getByRole('button', { name: /^Show \d+ equal lines$/ });
    expect(await folds.allInnerTexts()).toEqual(['Show 18 equal lines', 'Show 17 equal lines']);
    await folds.first().click();
    await side(app, 'Old').getByText('Line 3 of a poem').waitFor();
    await app.page.keyboard.press(']');
    await app.flips.sample.getByText('1 of 1').waitFor();
    expect(await app.flips.sample.locator('[data-current]').count()).toBeGreaterThan(0);
    // Equal lines are at the same height on both sides.
    const height = async (name: 'Old' | 'New') => (await side(app, name).getByText('Line 22 of').boundingBox())?.y;
    const heights = await Promise.all([height('Old'), height('New')]);
    expect(heights[0]).toBe(heights[1]);
    await app.page.keyboard.press('d');
    expect((await marks(app, 'New')).map((text) => text.trim())).toEqual(['Line 21 of a poem that one model knows.']);
    await app.page.keyboard.press('d');
    expect(await marks(app, 'New')).toEqual([]);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('are read as text, in one width, as Markdown and as code, and the choice stays', async () => {
    const app = await served.open();
    await show(app, 'alpaca-lisbon');
    const form = app.flips.sample.getByRole('combobox', { name: 'Read as' });
    await form.selectOption('markdown');
    await side(app, 'Old').getByRole('table').getByText('€ 107').waitFor();
    await side(app, 'Old').getByRole('listitem').filter({ hasText: 'tram 28' }).waitFor();
    await app.page.reload();
    await side(app, 'New').getByRole('table').getByText('€ 61').waitFor();
    await show(app, 'alpaca-binary-search');
    await side(app, 'Old').locator('pre').getByText('def find').waitFor();
    await form.selectOption('code');
    const cell = side(app, 'Old').locator('.cell').filter({ hasText: 'while low' });
    expect(
      await cell.evaluate((element) => [
        getComputedStyle(element).whiteSpace,
        getComputedStyle(element).fontFamily.includes('JetBrains'),
      ]),
    ).toEqual(['pre', true]);
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('run nothing and fetch nothing, whatever their Markdown says', async () => {
    const app = await served.open();
    await show(app, 'ab-hostile');
    for (const form of ['text', 'monospace', 'code', 'markdown']) {
      await app.flips.sample.getByRole('combobox', { name: 'Read as' }).selectOption(form);
      await side(app, 'New').getByText('and more').waitFor();
    }
    await app.flips.sample
      .getByRole('button', { name: /equal lines$/ })
      .first()
      .click();
    await side(app, 'New').getByText('click me').click();
    await side(app, 'New').getByText('[picture: a picture]').waitFor();
    expect(await app.page.evaluate(() => (window as unknown as { hacked?: number }).hacked ?? null)).toBe(null);
    expect(await app.flips.sample.locator('script, iframe, style, svg a, img, a[href]').count()).toBe(0);
    expect(app.requests.filter((address) => address.includes('evil.example'))).toEqual([]);
    expect(app.page.url()).toContain(served.shell.address.split('/?')[0]?.split('#')[0]?.split('?')[0] ?? 'http');
    expect(app.complaints).toEqual([]);
    await app.close();
  });

  it('show what was searched for, in the rows and in the texts', async () => {
    const app = await served.open();
    await show(app, 'alpaca-reschedule', '&q=inspection');
    await app.flips.sample.locator('mark.hit').filter({ hasText: 'inspection' }).first().waitFor();
    const row = app.page.getByRole('grid', { name: 'Samples' }).getByRole('row').filter({ hasText: 'alpaca-resch' });
    await row.locator('mark.hit').first().waitFor();
    await app.close();
  });

  it('of a prompt that they continue, have its end above them in a small window', async () => {
    const { store } = served.workbench.core;
    const suite = await store.beginSuite({ name: 'stories', kind: 'words', origin: 'imported', import: null });
    const about = { suiteId: await suite.commit(), suiteName: 'stories' };
    const prompt = `${'Once upon a time there was a pond. '.repeat(12)}Then Lily picked up her`;
    const [old, now] = [
      await addEvaluation(store, 'told', [sample('0', 'right', { prompt })], about),
      await addEvaluation(store, 'untold', [sample('0', 'wrong', { prompt })], about),
    ];
    const { id } = await compare(store, old, now);
    const app = await served.open({ viewport: { width: 1024, height: 700 } });
    await app.goto(`/compare/${id}`);
    const shown = app.flips.sample.getByRole('region', { name: 'Prompt' }).locator('p');
    await shown.getByText('Then Lily picked up her').waitFor();
    const below = () => shown.evaluate((p) => p.scrollHeight - p.clientHeight - p.scrollTop);
    const height = await shown.evaluate((p) => p.clientHeight);
    expect([height < 60, (await below()) <= 1]).toEqual([true, true]);
    await app.button('Show full prompt').click();
    await app.button('Show less').waitFor();
    expect(await shown.evaluate((p) => p.scrollHeight - p.clientHeight)).toBeLessThanOrEqual(1);
    await app.close();
  });

  it.each([
    ['1024 × 700', { width: 1024, height: 700 }, 1],
    ['150 %', { width: 960, height: 600 }, 1.5],
  ])('stand on screen with prompt and list at %s', async (_, viewport, deviceScaleFactor) => {
    const app = await served.open({ viewport, deviceScaleFactor });
    await show(app, 'alpaca-reschedule');
    const inView = async (locator: ReturnType<typeof side>) => {
      const box = await locator.boundingBox();
      return (
        box !== null &&
        box.y >= 0 &&
        box.y + Math.min(box.height, 40) <= viewport.height - 26 &&
        box.x + 60 < viewport.width
      );
    };
    const seen = {
      list: await inView(app.page.getByRole('grid', { name: 'Samples' }).getByRole('row').nth(3)),
      prompt: await inView(app.flips.sample.getByText('Write a short, polite e-mail')),
      old: await inView(side(app, 'Old').getByText('Dear Dr Okafor')),
      new: await inView(side(app, 'New').getByText('Dear Dr Okafor')),
    };
    expect(seen).toEqual({ list: true, prompt: true, old: true, new: true });
    expect(await app.page.evaluate(() => document.documentElement.scrollWidth > innerWidth)).toBe(false);
    await app.close();
  });
});
