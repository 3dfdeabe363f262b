import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { FlipFilter } from '../../../src-main/shared/domain/flip-view.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** Of 40 lost samples 30 speak of rivers and 20 refuse; of the kept ones one in twenty and none. More samples than are read for candidates. */
const kept = 11_000;
function rows(side: 'old' | 'now'): string {
  const lines = Array.from({ length: 40 + kept }, (_, i) => {
    const isLost = i < 40;
    const prompt = (isLost ? i < 30 : i % 20 === 0) ? `Which RIVER is number ${i}?` : `Which town is number ${i}?`;
    const refuses = side === 'now' && i < 20;
    const output = refuses
      ? 'I’m sorry, but I cannot help with that request.'
      : `It is number ${i}, as far as anybody knows.`;
    return `${JSON.stringify({ id: `s${i}`, prompt, output, correct: side === 'old' || !isLost })}\n`;
  });
  return lines.join('');
}

test('what the samples of a filter have in common is counted over all samples, as the list of each statement counts it', async () => {
  const { imports, comparisons, core } = await openTestWorkbench();
  const folder = temporaryFolder();
  const ids: string[] = [];
  for (const side of ['old', 'now'] as const) {
    const source = path.join(folder, `${side}.jsonl`);
    writeFileSync(source, rows(side));
    ids.push((await imports.evaluation({ source, name: side }, quietTask())).id);
  }
  const { id } = await comparisons.ready(ids[0] ?? '', ids[1] ?? '', undefined, quietTask());
  const filter: FlipFilter = { kinds: ['negative'] };
  const { samples, rest, best } = await comparisons.statements(id, filter, quietTask());
  expect([samples, rest]).toEqual([40, kept]);
  const counts = best.map(({ statement, hits, of, restHits, restOf }) => [statement, hits, of, restHits, restOf]);
  const rivers = Array.from({ length: kept }, (_, i) => i + 40).filter((i) => i % 20 === 0).length;
  expect(counts).toEqual(
    expect.arrayContaining([
      ['prompt:river', 30, 40, rivers, kept],
      ['change:refusal', 20, 40, 0, kept],
    ]),
  );
  const sort = { column: 'sampleId', direction: 'ascending' } as const;
  for (const { statement, hits, restHits } of best) {
    const listed = await core.store.openFlipView(id, { ...filter, where: [statement] }, sort);
    const everywhere = await core.store.openFlipView(id, { where: [statement] }, sort);
    expect([statement, listed.total, everywhere.total]).toEqual([statement, hits, hits + restHits]);
  }
  // Within one, it is no finding any more; both together are a list too.
  const within = await comparisons.statements(id, { ...filter, where: ['prompt:river'] }, quietTask());
  expect(within.samples).toBe(30);
  expect(within.best.map(({ statement }) => statement)).not.toContain('prompt:river');
  const both = { ...filter, where: ['prompt:river', 'change:refusal'] };
  expect((await core.store.openFlipView(id, both, sort)).total).toBe(20);
  const stopped = AbortSignal.abort();
  await expect(comparisons.statements(id, filter, { ...quietTask(), signal: stopped })).rejects.toMatchObject({
    code: 'cancelled',
  });
});
