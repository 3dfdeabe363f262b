import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DatasetCheck } from '../../../src-main/shared/domain/data/check.ts';
import type { ShownRow } from '../../../src-main/shared/domain/data/shown-row.ts';
import { checkDataset } from '../../../src-main/workbench/data/check-dataset.ts';
import { documentOf, flipguard } from '../../helpers/cli.ts';
import { plantedPairs, plantedQuestions } from '../../helpers/planted-data.ts';
import { openTestWorkbench, smallModel, withSmallModel } from '../../helpers/workbench.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-data-'));
const workspace = path.join(folder, 'workspace');
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const run = (...args: string[]) => flipguard(workspace, ...args);

function write(name: string, rows: Iterable<object>): string {
  const file = path.join(folder, name);
  writeFileSync(file, [...rows].map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

const planted = { duplicates: 4, nearDuplicates: 3, contradictions: 2, exactOverlaps: 2, nearOverlaps: 1, long: 5 };
const count = 200 + 4 + 3 + 2 + 3 + 5;

beforeAll(async () => {
  // As a tool would write them: without the kind, and with ids of its own.
  const rows = [...plantedPairs(200, planted)].map(({ prompt, chosen, rejected, tags }) => ({
    prompt,
    chosen,
    rejected,
    tags,
  }));
  await run('import', 'dataset', write('pairs.jsonl', rows), '--name', 'pairs');
  const items = plantedQuestions(3).map((prompt, i) => ({ id: String(i), prompt, target: 'word' }));
  await run('import', 'suite', write('suite.jsonl', items), '--kind', 'cloze', '--name', 'questions');
  const answers = items.map(({ id, prompt }) => ({ id, prompt, output: 'word', correct: true }));
  await run('import', 'eval', write('eval.jsonl', answers), '--name', 'graded');
});

describe('flipguard dataset check', () => {
  test('counts what was planted, in the shape that scripts rely on', async () => {
    const answer = await run('dataset', 'check', 'pairs', '--suite', 'questions', '--suite', 'graded', '--json');
    expect(documentOf<DatasetCheck>(answer)).toMatchObject({
      dataset: 'pairs',
      rows: count,
      duplicates: 4,
      nearDuplicates: 3,
      contradictions: 2,
      overlaps: 3,
      // Both hold the same questions; a row is counted where it was found first.
      overlapsBySource: [
        { name: 'questions', rows: 3, exact: 2 },
        { name: 'graded', rows: 0, exact: 0 },
      ],
      truncated: null,
      longerChosen: expect.any(Number) as number,
      unit: 'characters',
    });
    expect(answer.status).toBe(0);
  });

  test('looks rows up in an imported evaluation too', async () => {
    const found = documentOf<DatasetCheck>(await run('dataset', 'check', 'pairs', '--suite', 'graded', '--json'));
    expect(found.overlapsBySource).toEqual([{ kind: 'evaluation', name: 'graded', rows: 3, exact: 2 }]);
  });

  test.each([
    [['--max-duplicates', '4'], 0],
    [['--max-duplicates', '3'], 1],
    [['--max-near-duplicates', '1%'], 1],
    [['--max-near-duplicates', '2%', '--max-contradictions', '2'], 0],
    [['--max-overlaps', '5'], 2],
    [['--max-duplicates', 'few'], 2],
    [['--max-length', '20'], 2],
  ])('judges by the limits %j: exit %i', async (limits, status) => {
    expect((await run('dataset', 'check', 'pairs', ...limits)).status).toBe(status);
  });

  test('a check with the same settings is shown as it was made', async () => {
    const [first, second, other] = [
      await run('dataset', 'check', 'pairs', '--json'),
      await run('dataset', 'check', 'pairs', '--json'),
      await run('dataset', 'check', 'pairs', '--suite', 'questions', '--json'),
    ].map((answer) => documentOf<{ checkedAt: number; overlaps: number | null }>(answer));
    const back = documentOf<{ checkedAt: number; overlaps: number | null }>(
      await run('dataset', 'check', 'pairs', '--json'),
    );
    expect([first?.checkedAt === second?.checkedAt, first?.overlaps, other?.overlaps, back]).toEqual([
      true,
      null,
      3,
      first,
    ]);
  });

  test('stops when it is told to, and leaves no check behind', async () => {
    const workbench = await openTestWorkbench();
    const ingest = await workbench.core.store.beginDataset({ name: 'many', kind: 'preference', import: null });
    await ingest.push([...plantedPairs(3000)]);
    const dataset = (await workbench.core.store.getDataset(await ingest.commit()))!;
    const abort = new AbortController();
    const stopped = checkDataset(
      workbench.core,
      dataset,
      {},
      { signal: abort.signal, progress: (_, fraction) => (fraction ?? 0) > 0.2 && abort.abort() },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
    expect(await workbench.core.store.listDatasetChecks(dataset.id)).toEqual([]);
  });
});

describe.skipIf(smallModel === null)(`under a model${withSmallModel}`, () => {
  beforeAll(() => run('import', 'model', smallModel!, '--name', 'model'));

  test('lengths are tokens, and a row that the limit cuts is shown as cut', async () => {
    const limits = ['--model', 'model', '--max-length', '120', '--json'];
    const check = documentOf<DatasetCheck>(await run('dataset', 'check', 'pairs', ...limits));
    // The planted long rows come last.
    const shown = documentOf<ShownRow>(await run('dataset', 'show', 'pairs', String(count), ...limits));
    expect([check.unit, check.settings.maxLength, shown.chosen!.kept, shown.chosen!.tokens.at(-1)!.cut]).toEqual([
      'tokens',
      120,
      120,
      true,
    ]);
    expect(check.truncated).toBeGreaterThanOrEqual(5);
    expect(check.lengths.find(({ name }) => name === 'chosen')?.summary.max).toBeGreaterThan(120);
  });

  test('a row is found by its number or its id, and says what it lacks', async () => {
    const first = documentOf<ShownRow & { row: number }>(
      await run('dataset', 'show', 'pairs', '1', '--model', 'model', '--json'),
    );
    const again = documentOf<ShownRow & { row: number }>(
      await run('dataset', 'show', 'pairs', first.id, '--model', 'model', '--json'),
    );
    expect([again, first.row]).toEqual([first, 1]);
    const missing = await run('dataset', 'show', 'pairs', String(count + 1), '--model', 'model', '--json');
    expect([missing.status, documentOf(missing)]).toMatchObject([2, { error: { code: 'not-found' } }]);
  });
});
