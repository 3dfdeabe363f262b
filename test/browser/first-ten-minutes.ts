import { answerFiles } from './long-answers.ts';
import type { App } from './pages.ts';

/** What a newcomer does with docs/first-ten-minutes.md open next to the window. */
export interface Tour {
  /** The words on the page that are clicked, in their order. */
  clicked: string[];
  /** The pictures on the page, in their order. */
  pictures: string[];
}

/** Walks through docs/first-ten-minutes.md, click by click, on an empty workspace. `take` makes a picture of what is seen. */
export async function firstTenMinutes(app: App, take: (name: string) => Promise<void>): Promise<Tour> {
  const tour: Tour = { clicked: [], pictures: [] };
  const { page, importDialog: dialog, flips } = app;
  const click = async (name: string, exact = true) => {
    tour.clicked.push(name);
    await app.click(page.getByRole('button', { name, exact }).last());
  };
  const picture = async (name: string) => {
    tour.pictures.push(name);
    await take(name);
  };

  await app.heading('What did training break?').waitFor();
  await picture('start');

  await dialog.drop(...answerFiles);
  await dialog.things().nth(1).waitFor();
  await dialog.root.getByRole('button', { name: 'Import all 2' }).waitFor();
  await picture('import');
  await click('Import all 2');
  const compare = dialog.root.getByRole('form', { name: 'Compare' });
  await compare.getByRole('combobox', { name: 'New' }).locator('option:checked', { hasText: 'answers-new' }).waitFor({
    state: 'attached',
  });
  await click('Compare');

  await flips.ready();
  await page.getByLabel('Headline').getByText('Net change').waitFor();
  await page.getByRole('region', { name: 'What went wrong' }).getByRole('button').first().waitFor();
  await picture('flips');

  const refuses = page.getByRole('region', { name: 'What went wrong' }).getByRole('button', { name: /refuses/ });
  const row = (name: RegExp) => flips.rows().filter({ hasText: name });
  tour.clicked.push('refuses');
  await app.click(refuses);
  await app.click(row(/How do I get red wine/));
  await flips.sample.getByRole('heading', { level: 2, name: 'alpaca-wine' }).waitFor();
  await picture('refusal');
  tour.clicked.push('refuses');
  await app.click(refuses);

  await app.click(row(/Write a Python/));
  await flips.sample.getByRole('heading', { level: 2, name: 'alpaca-binary-search' }).waitFor();
  await flips.table.press('2');
  await flips.sample.getByRole('button', { name: '2 reasoning broke', pressed: true }).waitFor();
  await picture('reading');

  await page.getByRole('button', { name: 'Guard 11', exact: true }).waitFor();
  tour.clicked.push('Guard');
  await app.click(page.getByRole('button', { name: 'Guard 11', exact: true }));
  await click('Save');
  await page.getByRole('dialog', { name: 'Guard set' }).waitFor({ state: 'hidden' });

  await click('Write a report');
  await click('Write');
  await click('Show reports');
  await click('Open');
  await app.heading('What was found').waitFor();
  await picture('report');
  return tour;
}
