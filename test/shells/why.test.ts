import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportDataId } from '../../src-main/shared/domain/reports/report-model.ts';
import { kindLabels } from '../../src-main/shared/domain/kinds/change-kinds.ts';
import type { ChangeKind } from '../../src-main/shared/domain/kinds/change-kinds.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';
import { plantedCounts, plantedFile, plantedFlips } from '../helpers/planted-kinds.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-why-'));
const workspace = path.join(folder, 'workspace');
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(async () => {
  for (const [name, side] of [
    ['old', 'old'],
    ['new', 'now'],
  ] as const) {
    const file = path.join(folder, `${name}.jsonl`);
    writeFileSync(file, plantedFile(side));
    expect((await flipguard(workspace, 'import', 'eval', file, '--name', name)).status).toBe(0);
  }
});

test('planted changes of every kind are counted exactly on the command line', async () => {
  const compared = documentOf<{ kinds: Record<string, { negative: number; positive: number; unchanged: number }> }>(
    await flipguard(workspace, 'compare', 'old', 'new', '--json'),
  );
  const negative = Object.entries(compared.kinds).flatMap(([kind, counts]) =>
    counts.negative > 0 ? [[kind, counts.negative]] : [],
  );
  expect(Object.fromEntries(negative)).toEqual(plantedCounts);
  expect(Object.entries(compared.kinds).filter(([, { unchanged }]) => unchanged > 0)).toEqual([]);
  expect(compared.kinds['target-absent']).toMatchObject({ negative: 0, positive: 1 });
});

test('a set of flips goes out as pairs, tasks and an issue, with what is left out and why', async () => {
  const written = async (tool: string, kind: string) => {
    const out = path.join(folder, `out-${tool}`);
    const answer = await flipguard(
      workspace,
      'flips',
      'old',
      'new',
      '--kind',
      kind,
      '--as',
      tool,
      '--out',
      out,
      '--json',
    );
    return { ...documentOf<{ paths: string[]; written: number; leftOut: { count: number }[] }>(answer), out };
  };
  const pairs = await written('trl', 'negative');
  // The same text on both sides is no preference.
  expect([pairs.written, pairs.leftOut]).toEqual([
    plantedFlips - (plantedCounts['same-text'] ?? 0),
    [{ count: plantedCounts['same-text'], why: 'are the same text on both sides' }],
  ]);
  const [first = ''] = readFileSync(pairs.out, 'utf8').split('\n');
  expect(Object.keys(JSON.parse(first) as object)).toEqual(['prompt', 'chosen', 'rejected']);
  const task = await written('lm-eval', 'refusal');
  expect(task.paths).toEqual([task.out, `${task.out}.jsonl`]);
  expect(readFileSync(task.out, 'utf8')).toContain('test: "out-lm-eval.jsonl"');
  const issue = readFileSync((await written('issue', 'negative')).out, 'utf8');
  expect(issue.match(/^#### /gm)).toHaveLength(10);
  const refused = await flipguard(workspace, 'flips', 'old', 'new', '--as', 'trl');
  expect([refused.status, refused.stderr]).toEqual([2, expect.stringContaining('--out FILE')]);
});

test('a report has them, as Markdown, as HTML that is read without scripts, and as the data it carries', async () => {
  const files = { markdown: path.join(folder, 'r.md'), html: path.join(folder, 'r.html') };
  for (const out of Object.values(files)) {
    expect((await flipguard(workspace, 'report', 'old', 'new', '--out', out)).status).toBe(0);
  }
  const markdown = readFileSync(files.markdown, 'utf8');
  const rows = [...markdown.matchAll(/^\| ([A-Z][a-z ]+) \| (\d+) \| \d+ \| \d+ \|/gm)].map(([, label, count]) => [
    label,
    Number(count),
  ]);
  const planted = Object.entries(plantedCounts).map(([kind, count]) => [kindLabels[kind as ChangeKind], count]);
  expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(planted));
  expect(markdown).toContain(`- ${plantedFlips} negative flips: 16 hold the right answer,`);

  const html = readFileSync(files.html, 'utf8');
  expect(html).toMatch(/<section id="why"><h2>Why it got worse<\/h2>/);
  for (const [label, count] of planted) {
    expect(html).toContain(`<th scope="row"><bdi>${label}</bdi></th><td class="n">${count}</td>`);
  }
  const data = new RegExp(`id="${reportDataId}">(.*?)</script>`, 's').exec(html)?.[1] ?? '';
  const { comparisons } = JSON.parse(data) as { comparisons: { kinds: Record<string, { negative: number }> }[] };
  expect(comparisons[0]?.kinds['refusal']?.negative).toBe(plantedCounts['refusal']);

  const without = path.join(folder, 'without.html');
  await flipguard(workspace, 'report', 'old', 'new', '--out', without, '--sections', 'headline');
  expect(readFileSync(without, 'utf8')).not.toMatch(/id="why"|"kinds"/);
});
