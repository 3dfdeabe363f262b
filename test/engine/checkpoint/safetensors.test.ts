import { describe, expect, it } from 'vitest';
import {
  readSafetensorsHeader,
  readTensorData,
  safetensorsBytes,
} from '../../../src-main/engine/checkpoint/safetensors.ts';
import { readWeightIndex } from '../../../src-main/engine/checkpoint/weight-index.ts';
import { MemoryFolder } from '../../helpers/memory-folder.ts';

const file = 'model.safetensors';

/** A file with this header (an object, or text as it is) and this many data bytes. */
function fileOf(header: unknown, data: Uint8Array = new Uint8Array(0), claimedLength?: number): MemoryFolder {
  const json = Buffer.from(typeof header === 'string' ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(claimedLength ?? json.length));
  return new MemoryFolder({ [file]: new Uint8Array(Buffer.concat([length, json, data])) }, 'broken');
}

async function readAll(folder: MemoryFolder): Promise<Record<string, number[]>> {
  const { entries } = await readSafetensorsHeader(folder, file);
  const read = await Promise.all(
    entries.map(async (entry) => [entry.name, [...(await readTensorData(folder, entry))]] as [string, number[]]),
  );
  return Object.fromEntries(read);
}

describe('numbers', () => {
  it('come back as they were written', async () => {
    const folder = new MemoryFolder();
    const tensors = [
      { name: 'a', shape: [2, 2], data: () => Float32Array.of(1, -2.5, 3e-30, 4) },
      { name: 'empty', shape: [0, 3], data: () => new Float32Array(0) },
      { name: 'scalar', shape: [], data: () => Float32Array.of(7) },
    ];
    await folder.writeBytes(file, safetensorsBytes(tensors, { format: 'pt' }));
    const { entries, metadata } = await readSafetensorsHeader(folder, file);
    expect(entries.map(({ name, shape, dtype }) => ({ name, shape, dtype }))).toEqual([
      { name: 'a', shape: [2, 2], dtype: 'F32' },
      { name: 'empty', shape: [0, 3], dtype: 'F32' },
      { name: 'scalar', shape: [], dtype: 'F32' },
    ]);
    expect(metadata).toEqual({ format: 'pt' });
    expect(await readAll(folder)).toEqual({ a: [1, -2.5, Math.fround(3e-30), 4], empty: [], scalar: [7] });
  });

  it('of half precision and bfloat16 are widened exactly', async () => {
    const words = Uint16Array.of(0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000, 0x3f80, 0xc020, 0x7f80);
    const header = {
      half: { dtype: 'F16', shape: [6], data_offsets: [0, 12] },
      brain: { dtype: 'BF16', shape: [3], data_offsets: [12, 18] },
    };
    const read = await readAll(fileOf(header, new Uint8Array(words.buffer)));
    expect(read).toEqual({ half: [1, -2, 2 ** -24, 65504, Infinity, -0], brain: [1, -2.5, Infinity] });
  });
});

describe('a broken file is refused with its name and the tensor', () => {
  const four = (data_offsets: unknown, shape: unknown = [1], dtype: unknown = 'F32') => ({
    dtype,
    shape,
    data_offsets,
  });
  const cases: [string, MemoryFolder, RegExp][] = [
    ['shorter than a header', new MemoryFolder({ [file]: new Uint8Array(3) }, 'broken'), /shorter than its own header/],
    ['a header of an exabyte', fileOf({}, undefined, 2 ** 60), /header claims/],
    ['a header longer than the file', fileOf({}, undefined, 5000), /ends inside its header/],
    ['a header that is not JSON', fileOf('{"a":'), /not JSON/],
    ['a header that is a list', fileOf('[]'), /not an object/],
    ['an entry that is no object', fileOf({ w: 3 }), /tensor w has the type undefined/],
    [
      'an unknown type',
      fileOf({ w: four([0, 4], [4], 'F8_E4M3') }, new Uint8Array(4)),
      /tensor w has the type F8_E4M3/,
    ],
    ['a negative size', fileOf({ w: four([0, 4], [-1]) }, new Uint8Array(4)), /tensor w: its shape/],
    ['a size that is no integer', fileOf({ w: four([0, 4], [1.5]) }, new Uint8Array(4)), /tensor w: its shape/],
    ['one offset', fileOf({ w: four([0]) }, new Uint8Array(4)), /tensor w: its offsets/],
    [
      'offsets that do not fit the shape',
      fileOf({ w: four([0, 4], [2]) }, new Uint8Array(8)),
      /tensor w: it needs 8 bytes and has 4/,
    ],
    [
      'sizes whose product overflows',
      fileOf({ w: four([0, 4], [2 ** 40, 2 ** 40]) }, new Uint8Array(4)),
      /tensor w: it needs/,
    ],
    ['a hole', fileOf({ w: four([4, 8]) }, new Uint8Array(8)), /tensor w: its bytes overlap others or leave a hole/],
    ['an overlap', fileOf({ v: four([0, 4]), w: four([2, 6]) }, new Uint8Array(6)), /tensor w: its bytes overlap/],
    ['data cut off', fileOf({ w: four([0, 400], [100]) }, new Uint8Array(12)), /should have \d+ bytes and has fewer/],
  ];
  it.each(cases)('%s', async (_, folder, message) => {
    await expect(readAll(folder)).rejects.toThrow(message);
    await expect(readAll(folder)).rejects.toThrow(/^broken\/model\.safetensors/);
  });
});

describe('shards', () => {
  const shard = async (name: string) => {
    const folder = new MemoryFolder();
    await folder.writeBytes(file, safetensorsBytes([{ name, shape: [1], data: () => Float32Array.of(1) }]));
    return folder.files.get(file)!;
  };
  const index = (map: unknown) => JSON.stringify({ weight_map: map });

  it('are found through the index', async () => {
    const folder = new MemoryFolder({
      'model.safetensors.index.json': index({ a: 's1.safetensors', b: 's2.safetensors' }),
      's1.safetensors': await shard('a'),
      's2.safetensors': await shard('b'),
    });
    const entries = [...(await readWeightIndex(folder))].map(([name, entry]) => [name, entry.file]);
    expect(entries).toEqual([
      ['a', 's1.safetensors'],
      ['b', 's2.safetensors'],
    ]);
  });

  it.each([
    ['one is missing', index({ a: 's1.safetensors' }), /"s1\.safetensors" named by .* is not there/],
    ['one lies outside the folder', index({ a: '../../secret' }), /\.\.\/\.\.\/secret" named by/],
    ['a name is no text', index({ a: 3 }), /shard 3 named by/],
    ['there is no map', '{}', /no weight_map/],
    ['the index is not JSON', '{', /no weight_map/],
  ])('are refused when %s', async (_, text, message) => {
    await expect(readWeightIndex(new MemoryFolder({ 'model.safetensors.index.json': text }))).rejects.toThrow(message);
  });

  it('and files of other formats are named', async () => {
    await expect(readWeightIndex(new MemoryFolder({ 'pytorch_model.bin': '' }, 'old'))).rejects.toMatchObject({
      code: 'unsupported',
      remedy: expect.stringContaining('pytorch_model.bin'),
    });
  });
});
