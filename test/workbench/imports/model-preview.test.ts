import { cpSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { request } from '../../../src-main/workbench/contract/dispatch.ts';
import type { Workbench } from '../../../src-main/workbench/workbench.ts';
import { openTestWorkbench, smallModel, withSmallModel } from '../../helpers/workbench.ts';

describe.skipIf(smallModel === null)(`the preview of a model folder${withSmallModel}`, () => {
  /** A copy inside the workspace, where a window may look. */
  async function copied() {
    const workbench = await openTestWorkbench();
    const folder = path.join(workbench.core.layout.root, 'a model');
    cpSync(smallModel ?? '', folder, { recursive: true });
    return { workbench, folder };
  }

  async function preview({ handle }: Workbench, folder: string) {
    const found = await request(handle, 'files.find', { path: folder });
    return handle('imports.preview', { handle: found.handle, target: 'model' });
  }

  test('says what its files hold beyond its configuration, before it is imported', async () => {
    const { workbench, folder } = await copied();
    const file = path.join(folder, 'tokenizer.json');
    const tokenizer = JSON.parse(readFileSync(file, 'utf8')) as { added_tokens: object[] };
    tokenizer.added_tokens.push({ id: 90_000, content: '<|late|>', special: true });
    writeFileSync(file, JSON.stringify(tokenizer));
    expect(await preview(workbench, folder)).toMatchObject({
      ok: true,
      value: { target: 'model', notes: [expect.stringContaining('<|late|>') as string] },
    });
  });

  test('says that a folder has no tokenizer, and what to do', async () => {
    const { workbench, folder } = await copied();
    rmSync(path.join(folder, 'tokenizer.json'));
    expect(await preview(workbench, folder)).toMatchObject({
      ok: true,
      value: { notes: [expect.stringMatching(/no tokenizer\.json.*neither evaluated nor trained/) as string] },
    });
  });

  test('is refused with the reason where the import would be', async () => {
    const { workbench, folder } = await copied();
    truncateSync(path.join(folder, 'model.safetensors'), 5000);
    expect(await preview(workbench, folder)).toMatchObject({
      ok: false,
      error: { message: expect.stringContaining('model.safetensors') as string, remedy: expect.any(String) as string },
    });
  });
});
