import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { kindPhrases } from '../../src-main/shared/domain/kinds/change-kinds.ts';
import type { ChangeKind } from '../../src-main/shared/domain/kinds/change-kinds.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { startJudge } from '../helpers/judge-server.ts';
import { plantedCounts, plantedFile, plantedFlips, plantedKinds } from '../helpers/planted-kinds.ts';
import type { App } from './pages.ts';
import { useBrowserWorkbench, whyNoBrowser } from './shell.ts';

const noBrowser = await whyNoBrowser();

/** Compares two imported files; returns the comparison's id. */
async function compareFiles(workbench: Workbench, files: Record<string, string>): Promise<string> {
  const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-why-'));
  const ids: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const source = path.join(folder, `${name}.jsonl`);
    writeFileSync(source, text);
    ids.push((await workbench.imports.evaluation({ source, name }, quietTask())).id);
  }
  rmSync(folder, { recursive: true });
  const [left = '', right = ''] = ids;
  return (await workbench.comparisons.ready(left, right, undefined, quietTask())).id;
}

describe.skipIf(noBrowser !== null)('why it flipped', () => {
  let comparisonId = '';
  let cutId = '';
  const served = useBrowserWorkbench(async (workbench) => {
    comparisonId = await compareFiles(workbench, { old: plantedFile('old'), new: plantedFile('now') });
    const rows = plantedKinds.filter(({ id }) => /^(cut|refusal|calm)/.test(id));
    const cutOnly = (side: 'old' | 'now'): string =>
      rows
        .filter(({ id }) => id !== 'cut-1')
        .flatMap((one) =>
          one.id === 'cut-0' ? Array.from({ length: 5 }, (_, i) => ({ ...one, id: `cut-${i}` })) : [one],
        )
        .map(
          (one) =>
            `${JSON.stringify({ id: one.id, prompt: one.prompt, output: one[side], correct: side === 'old' ? one.was : one.is })}\n`,
        )
        .join('');
    cutId = await compareFiles(workbench, { 'old cut': cutOnly('old'), 'new cut': cutOnly('now') });
  });
  async function openFlips(id: string, query = ''): Promise<App> {
    const app = await served.open();
    onTestFinished(() => app.close());
    await app.goto(`/compare/${id}${query}`);
    await app.flips.ready();
    return app;
  }

  it('is answered on the first screen, each kind counted as planted, and each count is a filter', async () => {
    const app = await openFlips(comparisonId);
    const bar = app.page.getByRole('region', { name: 'What went wrong' });
    await bar.getByRole('button', { name: kindPhrases.refusal[1] }).waitFor();
    const shown = await bar.getByRole('button', { name: /^\d/ }).allInnerTexts();
    const counts = shown.map((text) => text.trim().replace(/\s+/g, ' '));
    const planted = Object.entries(plantedCounts).map(
      ([kind, count]) => `${count} ${kindPhrases[kind as ChangeKind][count === 1 ? 0 : 1]}`,
    );
    expect(counts.sort()).toEqual(planted.sort());
    expect(await bar.innerText()).toContain(`${plantedFlips} negative flips`);

    await bar.getByRole('button', { name: kindPhrases.echo[1] }).click();
    await app.flips.count().getByText(`${plantedCounts['echo']} samples`).waitFor();
    await bar.getByRole('button', { name: kindPhrases.empty[0], pressed: false }).click({ modifiers: ['Shift'] });
    await app.flips
      .count()
      .getByText(`${(plantedCounts['echo'] ?? 0) + (plantedCounts['empty'] ?? 0)} samples`)
      .waitFor();
    await app.page.goBack();
    await app.page.reload();
    await app.flips.count().getByText(`${plantedCounts['echo']} samples`).waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('is a facet, a column to sort by, and keys', async () => {
    const app = await openFlips(comparisonId);
    await app.flips.facet('Template leak').check();
    await app.flips.count().getByText(`${plantedCounts['template-leak']} samples`).waitFor();
    await app.button('Remove Template leak').click();
    const column = app.flips.table.getByRole('columnheader', { name: 'Change' });
    await column.getByRole('button').click();
    await column.and(app.page.locator('[aria-sort=ascending]')).waitFor();
    await app.flips.rows().first().getByText('Empty', { exact: true }).waitFor();
    await app.page.keyboard.press('w');
    await app.page.keyboard.press('1');
    // The most frequent of what was planted.
    const most = Math.max(...Object.values(plantedCounts));
    await app.flips.count().getByText(`${most} samples`).waitFor();
    await app.page.keyboard.press('w');
    await app.page.keyboard.press('0');
    await app.flips.count().getByText(`${plantedFlips} samples`).waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('marks the evidence where it is, and says the rule', async () => {
    const app = await openFlips(comparisonId, '?change=template-leak');
    const why = app.flips.sample.getByRole('region', { name: 'What changed' });
    await why.getByText('leaks the chat template').waitFor();
    await why.getByText(/The answers first differ in sentence 1, line 1: old says “of”, new says “is”/).waitFor();
    const mark = app.flips.output('New').locator('mark.evidence').first();
    expect(await mark.innerText()).toContain('<|im_end|>');
    expect(await mark.getAttribute('title')).toBe('leaks the chat template');
    await app.page.keyboard.press('e');
    expect(await mark.evaluate((element) => element === document.activeElement)).toBe(true);
    // Judging blind, neither the bar nor a mark tells which side is new.
    await app.page.keyboard.press('b');
    await app.flips.output('A').waitFor();
    expect(await app.page.getByRole('region', { name: /What (went wrong|changed)/ }).count()).toBe(0);
    expect(await app.flips.sample.locator('mark.evidence').count()).toBe(0);
    expect(app.complaints).toEqual([]);
  });

  it('puts the list into words: groups, and which answer became which, each a click away', async () => {
    const app = await openFlips(comparisonId, '?change=other-answer,refusal');
    await app.page.getByRole('region', { name: 'What went wrong' }).getByText('refuse').waitFor();
    await app.page.keyboard.press('w');
    await app.page.keyboard.press('w');
    const dialog = app.page.getByRole('dialog', { name: 'What changed in these samples' });
    const answers = dialog.getByRole('region', { name: 'Answers' });
    await answers.getByRole('row', { name: `18 20 ${plantedCounts['other-answer']} other-answer-0` }).waitFor();
    const groups = await dialog.getByRole('region', { name: 'Groups' }).getByRole('row').allInnerTexts();
    expect(groups.slice(1).map((text) => text.split('\t')[0])).toEqual(
      ['other-answer', 'refusal'].map((kind) => String(plantedCounts[kind])),
    );
    await answers.getByRole('button').click();
    await app.flips.sample.getByRole('heading', { level: 2, name: 'other-answer-0' }).waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('has a judge say it too: what would be sent is said, then allowed, and each statement lists its samples', async () => {
    const { url, asked } = await startJudge(({ system, user }) => {
      if (system.includes('group A')) return '1. The new answer mentions a request.';
      return user.split('New answer:')[1]?.includes('that request') === true ? 'Yes.' : 'no';
    });
    const app = await openFlips(comparisonId, '?change=refusal,other-answer');
    await app.page.getByRole('region', { name: 'What went wrong' }).getByText('refuse').waitFor();
    await app.button('In words').click();
    await app.page.getByLabel('Address of the judge’s endpoint').fill(url);
    await app.page.getByLabel('Model of the judge').fill('small');
    await app.button('What would be sent?').click();
    await app.page.getByText(`go to ${new URL(url).origin}: at most`).waitFor();
    expect(asked).toEqual([]);
    await app.button('Send and ask').click();
    await app.page
      .getByRole('dialog', { name: 'Send texts to another server?' })
      .getByRole('button', { name: /^Allow/ })
      .click();
    const words = app.page.getByRole('region', { name: 'A judge’s words' });
    await words.getByText('small proposed 1 statement').waitFor();
    await words.getByRole('button', { name: /“The new answer mentions a request\.”$/ }).click();
    await app.button('Remove judged: The new answer mentions a request.').waitFor();
    // The list comes after the filter's name.
    const isNarrowed = async () => {
      const rows = await app.flips.rows().count();
      return rows > 0 && rows <= (plantedCounts['refusal'] ?? 0);
    };
    await expect.poll(isNarrowed).toBe(true);
    expect(app.complaints).toEqual([]);
  });

  it('has a judge compare the answers in pairs: what it costs is said before, and the verdicts come with its card', async () => {
    // The longer answer is the better one.
    const { url, asked } = await startJudge(({ user }) => {
      const [, a = '', b = ''] = user.split(/Answer [AB]:\n/);
      return JSON.stringify({ better: a.trim().length > b.trim().length ? 'A' : 'B' });
    });
    const app = await openFlips(comparisonId);
    await app.button('More').click();
    await app.page.getByRole('menuitem', { name: 'Have a judge compare the answers…' }).click();
    const dialog = app.page.getByRole('dialog', { name: 'Have a judge compare the answers' });
    for (const [label, text] of [
      ['Address', url],
      ['Model', 'small'],
      ['Rubric', 'Which says more?'],
      ['Pairs', '6'],
      ['Asked again', '2'],
      ['Price of a million tokens read', '1'],
    ] as const)
      await dialog.getByLabel(label, { exact: true }).fill(text);
    await dialog.getByRole('button', { name: 'What would be sent?' }).click();
    await dialog.getByText(/^Prompts, targets and both answers of 6 of .* at the prices given/).waitFor();
    expect(asked).toEqual([]);
    await dialog.getByRole('button', { name: 'Send and ask' }).click();
    await app.page
      .getByRole('dialog', { name: 'Send texts to another server?' })
      .getByRole('button', { name: /^Allow/ })
      .click();
    await dialog.getByRole('link', { name: 'Open the verdicts and the judge’s card' }).click();
    const card = app.page.getByRole('region', { name: 'Measure' });
    await card.getByText(/of the pairs that were asked about once more got another verdict/).waitFor();
    await card.getByText('16 requests, 0 retries').waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('counts kinds of one’s own that are kept in Settings after a try', async () => {
    const app = await openFlips(comparisonId);
    await app.goto('/settings');
    const rules = app.page.getByRole('region', { name: 'Kinds of change' });
    await rules.getByRole('button', { name: 'Add a kind' }).click();
    await rules.getByLabel('Name of kind 1').fill('requests');
    await rules.getByLabel('Pattern of kind 1').fill('that request\\b');
    await rules.getByLabel('Text to try').fill('I’m sorry, but I cannot help with that request.');
    await rules.getByText('requests: “that request”').waitFor();
    await rules.getByRole('button', { name: 'Keep these rules' }).click();
    await rules.getByText('Kept.').waitFor();
    await app.goto(`/compare/${comparisonId}`);
    const bar = app.page.getByRole('region', { name: 'What went wrong' });
    await bar.getByRole('button', { name: `${plantedCounts['refusal']} match “requests”` }).waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('says what the listed samples have in common, each statement a filter that can be linked to', async () => {
    const app = await openFlips(comparisonId, '?change=other-answer');
    const common = app.page.getByRole('group', { name: 'In common' });
    const statement = common
      .getByRole('button', { name: /^10 of 10 have “.*” in the prompt, none of the rest$/ })
      .first();
    await statement.click();
    await app.button(/^Remove prompt: /).waitFor();
    await app.flips.count().getByText(`${plantedCounts['other-answer']} samples`).waitFor();
    await app.page.reload();
    await app.button(/^Remove prompt: /).click();
    await statement.waitFor();
    // Of all negative flips, kinds stand out.
    await app.button('Remove Other answer').click();
    await common.getByRole('button', { name: /^14 of 105 leak the chat template/ }).click();
    await app.flips.count().getByText('14 samples').waitFor();
    expect(app.complaints).toEqual([]);
  });

  it('says nothing of what one sample has in common with itself', async () => {
    const app = await openFlips(comparisonId);
    const common = app.page.getByRole('group', { name: 'In common' });
    await common.getByRole('button').first().waitFor();
    await app.page
      .getByRole('region', { name: 'What went wrong' })
      .getByRole('button', { name: /^1 empty/ })
      .click();
    await app.flips.count().getByText('1 sample', { exact: true }).waitFor();
    await common.waitFor({ state: 'hidden' });
    expect(app.complaints).toEqual([]);
  });

  it('writes the listed flips for another tool, the browser taking the file', async () => {
    const app = await openFlips(comparisonId, '?change=same-text,refusal');
    const taken = async (entry: string): Promise<[name: string, text: string]> => {
      const download = app.page.waitForEvent('download');
      await app.button('Export this list').click();
      await app.page.getByRole('menuitem', { name: entry }).click();
      const file = await download;
      return [file.suggestedFilename(), readFileSync(await file.path(), 'utf8')];
    };
    const [pairsName, pairs] = await taken('For TRL (preference pairs)');
    expect([pairsName, pairs.trim().split('\n')]).toEqual([
      'old to new flips.jsonl',
      Array(3).fill(pairs.split('\n')[0]),
    ]);
    const first = JSON.parse(pairs.split('\n')[0] ?? '') as Record<string, string>;
    expect([Object.keys(first), first['rejected']]).toEqual([
      ['prompt', 'chosen', 'rejected'],
      expect.stringContaining("I'm sorry"),
    ]);
    await app.page.getByText('3 of 11 samples written. 8 are the same text on both sides.').waitFor();
    const [issueName, issue] = await taken('For an issue (Markdown)');
    expect([issueName, issue.match(/^#### /gm)?.length]).toEqual(['old to new flips.md', 10]);
    expect(issue).toContain('Samples: negative, Same text or Refusal.');
    expect(app.complaints).toEqual([]);
  });

  it('says where the measure is to blame', async () => {
    const app = await openFlips(cutId);
    await app.page.getByText('5 of 8 negative flips are cut off: raise max_new_tokens and evaluate again.').waitFor();
    expect(app.complaints).toEqual([]);
  });
});
