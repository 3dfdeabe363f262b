import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { EvaluationRecord, ModelRecord, SuiteRecord } from '../../src-main/shared/domain/entities.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  temporaryFolder,
  withSmallModel,
} from '../helpers/workbench.ts';

/** A copy of a model whose weights are all nine tenths of what they were. */
function scaled(outside: string, model: string): string {
  const folder = path.join(outside, 'scaled');
  cpSync(model, folder, { recursive: true });
  const file = path.join(folder, 'model.safetensors');
  const bytes = readFileSync(file);
  const start = 8 + Number(bytes.readBigUInt64LE());
  for (let at = start; at < bytes.length; at += 4) bytes.writeFloatLE(bytes.readFloatLE(at) * 0.9, at);
  writeFileSync(file, bytes);
  return folder;
}

const merging = `name: gentle
base: small
models: [scaled]
search: { suite: words, over: layers, groups: 2, fractions: [0, 1], rounds: 1 }
`;

test.skipIf(smallModel === null)(
  `a merge is searched on half of a suite, and the model says how it was made${withSmallModel}`,
  async () => {
    const outside = temporaryFolder();
    const folder = path.join(outside, 'workspace');
    const workbench = await openTestWorkbench({ folder });
    await addTrainingMaterial(workbench, smallModel ?? '');
    await workbench.models.add(scaled(outside, smallModel ?? ''), { name: 'scaled' }, quietTask());
    await workbench.close();
    const file = path.join(outside, 'merge.yaml');
    writeFileSync(file, merging);

    const answer = await flipguard(folder, '--json', 'merge', file);
    expect(answer.status, answer.stderr).toBe(0);
    const [model] = documentOf<ModelRecord[]>(answer);
    const { search, ...recipe } = model?.recipe ?? {};
    const suites = documentOf<SuiteRecord[]>(await flipguard(folder, '--json', 'list', 'suites'));
    const half = (name: string) => {
      const suite = suites.find((one) => one.name === name);
      return { suiteId: suite?.id, name, sha256: suite?.sha256, items: 6 };
    };
    expect(recipe).toMatchObject({
      method: 'linear',
      base: { kind: 'model', label: 'small', weight: 0 },
      models: [{ kind: 'model', label: 'scaled', weight: 1 }],
      fraction: 1,
      parts: search?.trials[search.best]?.parts,
    });
    expect(search).toMatchObject({
      suite: 'words',
      validation: half('words, validation half'),
      test: half('words, test half'),
      reward: null,
    });
    // Both groups at 1, the first at 0, then the second at 0 next to the better of these.
    expect(search?.trials.map(({ parts }) => parts.map(({ fraction }) => fraction)).slice(0, 2)).toEqual([
      [1, 1],
      [0, 1],
    ]);
    expect(search?.trials).toHaveLength(3);
    // What was tried is gone; the model, and no evaluation, is what stays.
    expect(readdirSync(path.join(folder, 'cache')).filter((name) => name.startsWith('merge-trial'))).toEqual([]);
    expect(existsSync(path.join(folder, model?.path ?? ''))).toBe(true);
    expect(documentOf<EvaluationRecord[]>(await flipguard(folder, '--json', 'list', 'evaluations'))).toEqual([]);

    // The other model was measured by the search, at 1, as they are evaluated by hand.
    const evaluated = await flipguard(folder, '--json', 'evaluate', 'scaled', '--suite', 'words, validation half');
    expect(documentOf<EvaluationRecord>(evaluated).right).toBe(search?.trials[0]?.right);
  },
);

test('a merge file that is not there is said to be missing', async () => {
  const { status, stderr } = await flipguard(temporaryFolder(), 'merge', 'nowhere.yaml');
  expect([status, stderr]).toEqual([2, expect.stringContaining('There is no merge file at nowhere.yaml.')]);
});
