import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { exportEvaluation } from '../../../src-main/workbench/exporting/evaluation-out.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

/** Results of promptfoo for three cities; the provider failed at some. */
function results(failed: readonly string[]): string {
  const rows = ['Rome', 'Oslo', 'Lima'].map((city) => ({
    promptIdx: 0,
    provider: { id: 'p' },
    prompt: { raw: `Capital of ${city}?` },
    vars: { city },
    ...(failed.includes(city)
      ? { success: false, score: 0, failureReason: 2, error: 'timeout' }
      : { success: true, score: 1, failureReason: 0, response: { output: city, finishReason: 'stop' } }),
  }));
  return JSON.stringify({ evalId: 'e', results: { version: 3, results: rows }, config: { description: 'capitals' } });
}

test('a sample that ended in an error in one file is no error in a comparison without that file', async () => {
  const { core, imports, comparisons } = await openTestWorkbench();
  const folder = temporaryFolder();
  const take = async (name: string, source: string): Promise<string> => {
    const [made] = await imports.evaluations({ source, name }, quietTask());
    return made?.id ?? '';
  };
  const written = async (name: string, failed: readonly string[]): Promise<string> => {
    const source = path.join(folder, `${name}.json`);
    writeFileSync(source, results(failed));
    return take(name, source);
  };
  const [first, second, third] = [await written('a', []), await written('b', ['Oslo']), await written('c', [])];
  const errors = async (left: string, right: string) => {
    const { id } = await comparisons.open(left, right);
    await core.store.buildComparison(id);
    const { viewId } = await core.store.openFlipView(
      id,
      { tags: ['error'] },
      { column: 'sampleId', direction: 'ascending' },
    );
    const rows = await core.store.flipWindow(viewId, 0, 10);
    const facet = (await core.store.flipFacets(id, {})).tags.map(({ value, count }) => `${value} ${count}`);
    return { facet, listed: rows.map(({ prompt, tags }) => `${prompt} ${tags.join()}`) };
  };
  const oslo = { facet: ['error 1'], listed: ['Capital of Oslo? error'] };
  const none = { facet: [], listed: [] };
  expect([await errors(first, third), await errors(third, first)]).toEqual([none, none]);
  expect([await errors(first, second), await errors(second, first)]).toEqual([oslo, oslo]);
  const out = path.join(folder, 'out.jsonl');
  await exportEvaluation(core, { name: second, format: 'jsonl', out, overwrite: false }, quietTask());
  expect(await errors(first, await take('again', out))).toEqual(oslo);
  expect(await errors(first, third)).toEqual(none);
});
