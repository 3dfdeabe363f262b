import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { exportEvaluation } from '../../../src-main/workbench/exporting/evaluation-out.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

test('an import without a name is named by its model, else by its file, and never as another', async () => {
  const { imports } = await openTestWorkbench();
  const folder = path.join(temporaryFolder(), 'policy-7b');
  mkdirSync(folder);
  const named = async (file: string, row: object) => {
    const source = path.join(folder, file);
    writeFileSync(source, `${JSON.stringify({ id: 'a', prompt: '1+1', output: '2', correct: true, ...row })}\n`);
    const request = { source, format: 'auto', map: {} } as const;
    const name = await imports.evaluationName(request);
    return (await imports.evaluation({ ...request, name }, quietTask())).name;
  };
  expect([
    await named('arithmetic.jsonl', {}),
    await named('results.jsonl', {}),
    await named('arithmetic.jsonl', {}),
  ]).toEqual(['arithmetic', 'policy-7b results', 'arithmetic 2']);
});

test('an evaluation without samples is no file that an import would refuse', async () => {
  const { core } = await openTestWorkbench();
  const head = { suiteId: null, suiteName: 'none', modelId: null, runId: null, checkpointId: null, step: null };
  const ingest = await core.store.beginEvaluation({
    name: 'empty',
    ...head,
    decoding: null,
    measure: null,
    import: null,
  });
  await ingest.commit({});
  for (const format of ['jsonl', 'parquet'] as const) {
    const out = path.join(temporaryFolder(), `empty.${format}`);
    await expect(exportEvaluation(core, { name: 'empty', format, out, overwrite: false }, quietTask())).rejects.toThrow(
      '“empty” has no samples: there is nothing to export.',
    );
  }
});
