import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { convertLlama2c } from '../../../src-main/engine/checkpoint/llama2c.ts';
import { loadModel } from '../../../src-main/engine/checkpoint/load-model.ts';
import { readTensors } from '../../../src-main/engine/checkpoint/read-tensors.ts';
import { loadTokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { openTestBackend } from '../../helpers/backend.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';
import { findStories15m } from '../../helpers/stories15m.ts';

beforeAll(async () => {
  await openTestBackend();
});

const header = { dim: 8, hidden: 6, layers: 2, heads: 2, kvHeads: 1, vocab: 263, time: 4 };

/** A checkpoint whose n-th number is n; `ownHead` gives it an output matrix (a negative vocabulary). */
function checkpoint(ownHead = false, change: Partial<typeof header> = {}): Uint8Array {
  const { dim, hidden, layers, heads, kvHeads, vocab, time } = { ...header, ...change };
  const keys = (dim / heads) * kvHeads;
  const block = 2 * dim + 2 * dim * dim + 2 * keys * dim + 3 * dim * hidden;
  const count = vocab * dim * (ownHead ? 2 : 1) + layers * block + dim + time * (dim / heads);
  const head = Int32Array.of(dim, hidden, layers, heads, kvHeads, ownHead ? -vocab : vocab, time);
  return new Uint8Array(
    Buffer.concat([Buffer.from(head.buffer), Buffer.from(Float32Array.from({ length: count }, (_, i) => i).buffer)]),
  );
}

/** A tokenizer.bin with pieces a, b, ab and a blank behind the fixed ids. */
function vocabulary(): Uint8Array {
  const pieces: [string | number, number][] = [
    ['<unk>', 0],
    ['\n<s>\n', 0],
    ['\n</s>\n', 0],
  ];
  for (let byte = 0; byte < 256; byte++) pieces.push([byte, 0]);
  pieces.push(['a', -1], ['b', -2], ['ab', -0.5], [' ', -3]);
  const parts = pieces.flatMap(([text, score]) => {
    const bytes = typeof text === 'number' ? Buffer.from([text]) : Buffer.from(text);
    const head = Buffer.alloc(8);
    head.writeFloatLE(score, 0);
    head.writeInt32LE(bytes.length, 4);
    return [head, bytes];
  });
  return new Uint8Array(Buffer.concat([Buffer.alloc(4), ...parts]));
}

async function converted(ownHead = false): Promise<MemoryFolder> {
  const folder = new MemoryFolder();
  await convertLlama2c(checkpoint(ownHead), vocabulary(), folder);
  return folder;
}

describe('llama2.c weights', () => {
  it('become a folder that loads', async () => {
    const model = await loadModel(await converted());
    expect(model.config).toMatchObject({
      family: 'llama',
      dim: 8,
      kvHeads: 1,
      vocabSize: 263,
      tiedHead: true,
      maxPositions: 4,
    });
    model.dispose();
    const untied = await loadModel(await converted(true));
    expect(untied.config.tiedHead).toBe(false);
    untied.dispose();
  });

  it('keep every number, with query and key rows from neighbours to halves', async () => {
    const { tensors } = await readTensors(await converted(), 'model.safetensors');
    const firstColumn = (name: string) => (tensors.get(name)!.arraySync() as number[][]).map((row) => row[0]!);
    const wq = 263 * 8 + 2 * 8;
    const rows = (start: number, order: number[]) => order.map((row) => start + 8 * row);
    expect(firstColumn('model.layers.0.self_attn.q_proj.weight')).toEqual(rows(wq, [0, 2, 1, 3, 4, 6, 5, 7]));
    expect(firstColumn('model.layers.1.self_attn.q_proj.weight')).toEqual(rows(wq + 64, [0, 2, 1, 3, 4, 6, 5, 7]));
    expect(firstColumn('model.layers.0.self_attn.k_proj.weight')).toEqual(rows(wq + 128, [0, 2, 1, 3]));
    expect(firstColumn('model.layers.0.self_attn.v_proj.weight')).toEqual(rows(wq + 192, [0, 1, 2, 3]));
    tf.dispose([...tensors.values()]);
  });

  it.each([
    ['cut off', () => checkpoint().slice(0, 5000), /ends inside its weights/],
    ['too long', () => new Uint8Array([...checkpoint(), 0, 0, 0, 0]), /4 bytes are left over/],
    ['another file', () => new Uint8Array(1000).fill(77), /impossible sizes/],
    ['empty', () => new Uint8Array(0), /shorter than a header/],
  ])('%s are refused', async (_, bytes, message) => {
    await expect(convertLlama2c(bytes(), vocabulary(), new MemoryFolder())).rejects.toThrow(message);
  });

  it('with a vocabulary cut off are refused', async () => {
    const cut = convertLlama2c(checkpoint(), vocabulary().slice(0, 900), new MemoryFolder());
    await expect(cut).rejects.toThrow(/the vocabulary ends at token/);
  });
});

describe('its vocabulary', () => {
  it('merges by score and falls back to bytes', async () => {
    const tokenizer = await loadTokenizer(await converted());
    const [a, b, ab] = [259, 260, 261];
    expect(tokenizer.encode('ab', { specialTokens: false }).slice(-1)).toEqual([ab]);
    expect(tokenizer.encode('ba', { specialTokens: false }).slice(-2)).toEqual([b, a]);
    expect(tokenizer.encode('é', { specialTokens: false }).slice(-2)).toEqual([3 + 0xc3, 3 + 0xa9]);
    expect(tokenizer.encode('a')[0]).toBe(tokenizer.bosTokenId);
    expect(tokenizer.decode(tokenizer.encode('ab é b'))).toBe('ab é b');
  });

  it('of stories15M gives sentencepiece’s ids', async ({ skip }) => {
    const stories = await findStories15m();
    if (stories.folder === null) return skip(stories.reason);
    // Recorded from sentencepiece by test/golden/tokenizers/sentencepiece_ids.py.
    const file = path.join(import.meta.dirname, '..', '..', 'assets', 'stories15m-ids.json');
    const recorded = JSON.parse(readFileSync(file, 'utf8')) as { text: string; ids: number[] }[];
    const tokenizer = await loadTokenizer(openFolder(stories.folder));
    const found = recorded.map(({ text }) => ({ text, ids: tokenizer.encode(text, { specialTokens: false }) }));
    expect(found).toEqual(recorded);
  });
});
