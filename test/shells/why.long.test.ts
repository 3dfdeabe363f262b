import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
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

test('a set is put into words: what it has in common, and groups, the largest first, with their typical samples', async () => {
  const compared = documentOf<{
    inCommon: { samples: number; rest: number; best: { statement: string; hits: number }[] };
  }>(await flipguard(workspace, 'compare', 'old', 'new', '--json'));
  expect(compared.inCommon).toMatchObject({ samples: plantedFlips, rest: 41 });
  // Of the whole set only kinds stand out; the most frequent of those that are not of the verdict come first.
  expect(compared.inCommon.best.map(({ statement, hits }) => [statement, hits])).toEqual(
    ['template-leak', 'echo', 'shorter'].map((kind) => [`change:${kind}`, plantedCounts[kind]]),
  );
  const said = documentOf<{
    samples: number;
    inCommon: { best: { sentence: string; statement: string }[] };
    groups: { name: string; kinds: string[]; count: number; typical: { sampleId: string }[] }[];
    answers: { changes: { from: string; to: string; count: number }[] };
  }>(await flipguard(workspace, 'flips', 'old', 'new', '--groups', '--json'));
  expect(said.samples).toBe(plantedFlips);
  expect(said.inCommon.best[0]?.sentence).toMatch(/^14 of 105 leak the chat template: none of the other 41 /);
  const counts = said.groups.map(({ count }) => count);
  expect(counts).toEqual(counts.toSorted((a, b) => b - a));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(plantedFlips);
  for (const { count, typical } of said.groups) expect(typical).toHaveLength(Math.min(2, count));
  expect(said.answers.changes).toMatchObject([{ from: '18', to: '20', count: plantedCounts['other-answer'] }]);
  const text = await flipguard(workspace, 'flips', 'old', 'new', '--kind', 'other-answer', '--groups');
  expect(text.stdout).toMatch(
    /What they have in common .*\n- 10 of 10 have “12” in the prompt: none of the other 136 .*--where/,
  );
  const narrowed = await flipguard(
    workspace,
    'flips',
    'old',
    'new',
    '--where',
    'prompt:apples',
    '--where',
    'change:other-answer',
    '--json',
  );
  expect(narrowed.stdout.trim().split('\n')).toHaveLength(plantedCounts['other-answer'] ?? 0);
  const unknown = await flipguard(workspace, 'flips', 'old', 'new', '--where', 'change:nonsense');
  expect([unknown.status, unknown.stderr]).toEqual([2, expect.stringContaining('“nonsense” is neither')]);
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
  const empty = path.join(folder, 'out-empty');
  for (const tool of ['issue', 'lm-eval', 'trl']) {
    const args = ['--kind', 'target-absent', '--as', tool, '--out', empty];
    const nothing = await flipguard(workspace, 'flips', 'old', 'new', ...args);
    expect([nothing.status, nothing.stderr]).toEqual([
      2,
      expect.stringContaining('None of the samples can be written'),
    ]);
  }
  expect(existsSync(empty)).toBe(false);
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
  expect(markdown).toContain('- 14 of 105 leak the chat template: none of the other 41 ');
  expect(markdown).toContain(
    '| Template leak: “end”, “lyon”, “rhône” instead of “city”, “country”, “paris” | 14 | template-leak-0, template-leak-1 |',
  );

  const html = readFileSync(files.html, 'utf8');
  expect(html).toMatch(/<section id="why"><h2>Why it got worse<\/h2>/);
  for (const [label, count] of planted) {
    expect(html).toContain(`<th scope="row"><bdi>${label}</bdi></th><td class="n">${count}</td>`);
  }
  const data = new RegExp(`id="${reportDataId}">(.*?)</script>`, 's').exec(html)?.[1] ?? '';
  const { comparisons } = JSON.parse(data) as {
    comparisons: {
      kinds: Record<string, { negative: number }>;
      words: { groups: { count: number }[]; inOtherGroups: number };
    }[];
  };
  const grouped = comparisons[0]?.words.groups.reduce((sum, { count }) => sum + count, 0) ?? 0;
  expect(grouped + (comparisons[0]?.words.inOtherGroups ?? 0)).toBe(plantedFlips);
  expect(html).toContain('<caption>Groups of what changed alike, the largest first</caption>');
  expect(comparisons[0]?.kinds['refusal']?.negative).toBe(plantedCounts['refusal']);

  const without = path.join(folder, 'without.html');
  await flipguard(workspace, 'report', 'old', 'new', '--out', without, '--sections', 'headline');
  expect(readFileSync(without, 'utf8')).not.toMatch(/id="why"|"kinds"|"words"/);

  // Groups and statements named by words of texts go with the texts.
  const redacted = path.join(folder, 'redacted.md');
  await flipguard(workspace, 'report', 'old', 'new', '--out', redacted, '--redact-texts');
  const told = readFileSync(redacted, 'utf8');
  expect(told).toContain('- 14 of 105 leak the chat template');
  expect(told).not.toMatch(/lyon|rhône|Groups of what/i);
});
