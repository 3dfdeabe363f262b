import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashOfFiles } from '../../src-main/system/file-sums.ts';
import { verifyCheckpoint } from '../../src-main/trainer/checkpoint-folder.ts';
import { createFolder } from '../../src-main/trainer/node-folders.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

const state = {
  step: 9,
  optimizerSteps: 9,
  evaluatedAt: null,
  data: { epoch: 0, used: 9, random: [1, 2] },
  objective: { guardWeight: 1 },
};

/** A checkpoint as the trainer writes it, and the sum of its weights as the store has it. */
async function checkpoint(): Promise<{ runFolder: string; folder: string; recorded: string }> {
  const runFolder = temporaryFolder();
  const folder = path.join(runFolder, 'checkpoints/9');
  const writer = await createFolder(folder, 'sums.json');
  const weights = Buffer.alloc(4096, 7);
  await writer.writeText('config.json', '{}');
  await writer.writeBytes('model.safetensors', [weights]);
  await writer.writeBytes('optimizer.safetensors', [Buffer.alloc(4096, 9)]);
  await writer.writeText('state.json', JSON.stringify(state));
  await writer.commit();
  const sha256 = createHash('sha256').update(weights).digest('hex');
  return { runFolder, folder, recorded: hashOfFiles({ 'model.safetensors': sha256 }) };
}

function flipBit(file: string, at: number): void {
  const bytes = readFileSync(file);
  bytes.writeUInt8(bytes.readUInt8(at) ^ 0x40, at);
  writeFileSync(file, bytes);
}

const wrongSum = 'its sha256 does not match what was recorded';
const harms: [string, (folder: string) => void, string][] = [
  [
    'a flipped bit in the weights',
    (folder) => flipBit(path.join(folder, 'model.safetensors'), 2048),
    `9/model.safetensors is damaged: ${wrongSum}.`,
  ],
  [
    'a flipped bit in the optimiser',
    (folder) => flipBit(path.join(folder, 'optimizer.safetensors'), 0),
    `9/optimizer.safetensors is damaged: ${wrongSum}.`,
  ],
  [
    'a flipped bit in the configuration',
    (folder) => flipBit(path.join(folder, 'config.json'), 0),
    `9/config.json is damaged: ${wrongSum}.`,
  ],
  [
    'cut weights',
    (folder) => truncateSync(path.join(folder, 'model.safetensors'), 100),
    `9/model.safetensors is damaged: ${wrongSum}.`,
  ],
  [
    'no optimiser',
    (folder) => rmSync(path.join(folder, 'optimizer.safetensors')),
    '9/optimizer.safetensors is damaged: it is missing.',
  ],
  [
    'no weights',
    (folder) => rmSync(path.join(folder, 'model.safetensors')),
    '9/model.safetensors is damaged: it is missing.',
  ],
  [
    'an empty state',
    (folder) => writeFileSync(path.join(folder, 'state.json'), ''),
    '9/state.json is damaged: it is empty.',
  ],
  [
    'half a state',
    (folder) => truncateSync(path.join(folder, 'state.json'), 40),
    '9/state.json is damaged: it is not whole JSON.',
  ],
  [
    'a state that holds nothing',
    (folder) => writeFileSync(path.join(folder, 'state.json'), '{}'),
    '9/state.json is damaged: its field step does not fit.',
  ],
  [
    'the state of another step',
    (folder) => writeFileSync(path.join(folder, 'state.json'), JSON.stringify({ ...state, step: 20 })),
    '9/state.json is damaged: it is of step 20.',
  ],
  [
    'another valid state',
    (folder) => writeFileSync(path.join(folder, 'state.json'), JSON.stringify({ ...state, optimizerSteps: 3 })),
    `9/state.json is damaged: ${wrongSum}.`,
  ],
  [
    'torn sums',
    (folder) => truncateSync(path.join(folder, 'sums.json'), 10),
    '9/sums.json is damaged: it is not whole JSON.',
  ],
];

describe('a checkpoint', () => {
  test('that is as it was written is whole, and so is one of before the sums', async () => {
    const { runFolder, folder, recorded } = await checkpoint();
    await verifyCheckpoint(runFolder, 9, recorded);
    rmSync(path.join(folder, 'sums.json'));
    await verifyCheckpoint(runFolder, 9, recorded);
  });

  test.each(harms)('with %s is refused by the name of the file', async (_, harm, message) => {
    const { runFolder, folder, recorded } = await checkpoint();
    harm(folder);
    await expect(verifyCheckpoint(runFolder, 9, recorded)).rejects.toMatchObject({
      code: 'corrupt',
      message: `checkpoints/${message}`,
    });
  });

  test('whose weights and sums were both exchanged is not the one that was recorded', async () => {
    const { runFolder, recorded } = await checkpoint();
    const other = await checkpoint();
    writeFileSync(path.join(other.folder, 'model.safetensors'), 'other weights');
    mkdirSync(path.join(runFolder, 'checkpoints'), { recursive: true });
    rmSync(path.join(other.folder, 'sums.json'));
    await expect(verifyCheckpoint(other.runFolder, 9, recorded)).rejects.toMatchObject({ code: 'corrupt' });
  });
});
