import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

test('a dataset of the Hub keeps its licence and the commit that its file came from', async () => {
  const { imports, core } = await openTestWorkbench();
  const source = path.join(temporaryFolder(), 'train.jsonl');
  writeFileSync(source, '{"prompt":"a","chosen":"b","rejected":"c"}\n');
  const commit = 'c0ffee'.repeat(6) + 'c0ff';
  const hub = { repository: 'someone/pairs', revision: 'main', commit, licence: 'cc-by-4.0' };
  const dataset = await imports.dataset({ source, name: 'pairs', hub }, quietTask());
  const imported = (await core.store.listImports()).find(({ id }) => id === dataset.importId);
  expect([dataset.licence, imported?.source]).toEqual(['cc-by-4.0', `someone/pairs@${commit} train.jsonl`]);
});
