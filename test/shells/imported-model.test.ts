import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { flipguard } from '../helpers/cli.ts';
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
