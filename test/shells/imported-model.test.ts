import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import {
  readSafetensorsHeader,
  readTensorData,
  safetensorsBytes,
} from '../../src-main/engine/checkpoint/safetensors.ts';
import type { ModelRecord } from '../../src-main/shared/domain/entities.ts';
import { formatCount } from '../../src-main/shared/presentation/numbers.ts';
import { openFolder } from '../../src-main/trainer/node-folders.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';
import { modelAsset } from '../helpers/golden-models.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-imported-model-'));
const workspace = path.join(folder, 'workspace');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a model without a tokenizer is imported, and what it cannot be used for is said', async () => {
  const model = path.join(folder, 'bare');
  cpSync(modelAsset('llama'), model, { recursive: true });
  const answer = await flipguard(workspace, 'import', 'model', model);
  expect(answer).toMatchObject({ status: 0, stdout: expect.stringContaining('Model “bare”: llama') as string });
  expect(answer.stderr).toMatch(/no tokenizer\.json.*neither evaluated nor trained.*save_pretrained/);
});

test('a head that the files hold a second time is counted once, on the command line and in the list of models', async () => {
  const model = path.join(folder, 'twice');
  cpSync(modelAsset('qwen2'), model, { recursive: true });
  await flipguard(workspace, 'import', 'model', model, '--name', 'once');
  const reader = openFolder(model);
  const { entries } = await readSafetensorsHeader(reader, 'model.safetensors');
  const named = await Promise.all(
    entries.map(async (one) => ({ name: one.name, shape: one.shape, data: await readTensorData(reader, one) })),
  );
  const embedding = named.find(({ name }) => name === 'model.embed_tokens.weight')!;
  const both = [...named, { ...embedding, name: 'lm_head.weight' }];
  await writeFile(
    path.join(model, 'model.safetensors'),
    safetensorsBytes(both.map(({ data, ...one }) => ({ ...one, data: () => data }))),
  );
  const answer = await flipguard(workspace, 'import', 'model', model, '--name', 'twice');
  const count = named.reduce((sum, { data }) => sum + data.length, 0);
  expect(answer.stdout).toBe(`Model “twice”: qwen2, ${formatCount(count)} parameters.\n`);
  expect(answer.stderr).toMatch(/lm_head\.weight too, equal to the embedding .* counted once/);
  const listed = documentOf<ModelRecord[]>(await flipguard(workspace, 'list', 'models', '--json'));
  const counts = Object.fromEntries(listed.map(({ name, parameters }) => [name, parameters]));
  expect(counts).toMatchObject({ once: count, twice: count });
});
