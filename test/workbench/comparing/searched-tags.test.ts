import path from 'node:path';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder, writeEvaluation } from '../../helpers/workbench.ts';

const count = 80;
const old = '1'.repeat(count);
/** The first half falls. */
const fallen = '0'.repeat(count / 2) + '1'.repeat(count / 2);

/** What the slice search tries of tags, where results have the tag `slow` and samples the tag `hard`. */
async function triedTags(resultOf: (side: 'old' | 'new', i: number) => object): Promise<string[]> {
  const { imports, comparisons, core } = await openTestWorkbench();
  const folder = temporaryFolder();
  for (const [side, verdicts] of [
    ['old', old],
    ['new', fallen],
  ] as const) {
    const tagged = (i: number) => ({ ...(i % 4 < 3 ? { tags: ['hard'] } : {}), ...resultOf(side, i) });
    const source = writeEvaluation(path.join(folder, `${side}.jsonl`), verdicts, tagged);
    await imports.evaluation({ source, name: side }, quietTask());
  }
  const all = await core.store.listEvaluations();
  const idOf = (side: string) => all.find(({ name }) => name === side)?.id ?? '';
  const { id } = await comparisons.ready(idOf('old'), idOf('new'), undefined, quietTask());
  const facets = (await core.store.flipFacets(id, {})).tags.map(({ value }) => value);
  expect(facets.toSorted()).toEqual(['hard', 'slow']);
  const { found } = await comparisons.findSlices(id, quietTask());
  return found.filter(({ family }) => family === 'tag').map(({ name, n }) => `${name} ${n}`);
}

test.each(['old', 'new'] as const)('tags of results of the %s side are no slice that may be tried', async (tagged) => {
  const slow = (side: string, i: number) => (side === tagged && i < count / 2 ? { resultTags: ['slow'] } : {});
  expect(await triedTags(slow)).toEqual(['tag: hard 60']);
});

test('a tag that a sample has itself is tried as far as it is the sample’s, whatever results are tagged with', async () => {
  const slow = (side: string, i: number) => ({
    ...(side === 'new' && i < count / 2 ? { resultTags: ['slow'] } : {}),
    ...(side === 'old' && i % 2 === 0 ? { tags: ['slow', 'hard'] } : {}),
  });
  expect((await triedTags(slow)).toSorted()).toEqual(['tag: hard 60', 'tag: slow 40']);
});
