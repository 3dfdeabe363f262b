import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { firstTenMinutes } from './first-ten-minutes.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();
const docs = path.join(import.meta.dirname, '../../docs');

describe.skipIf(noBrowser !== null)('the first ten minutes', () => {
  const served = useBrowserWorkbench();

  it('go as their page says, click by click and picture by picture', async () => {
    const app = await served.open();
    const tour = await firstTenMinutes(app, () => Promise.resolve());
    expect(app.complaints).toEqual([]);
    await app.close();

    const text = readFileSync(path.join(docs, 'first-ten-minutes.md'), 'utf8');
    const bold = [...text.matchAll(/\*\*([^*]+)\*\*/g)].map(([, words]) => words);
    expect(bold).toEqual(tour.clicked);
    const pictures = [...text.matchAll(/\(screenshots\/first-([a-z]+)\.png\)/g)].map(([, name]) => name);
    expect(pictures).toEqual(tour.pictures);
    for (const name of pictures) expect(existsSync(path.join(docs, 'screenshots', `first-${name}.png`))).toBe(true);
  });
});
