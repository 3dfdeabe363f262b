import { copyFileSync, mkdirSync, openSync, closeSync, writeFileSync, writeSync } from 'node:fs';
import path from 'node:path';
import { readModelConfig } from '../../src-main/engine/models/families.ts';
import { expectedShapes } from '../../src-main/engine/models/parameters.ts';

const quickModel = path.join(import.meta.dirname, '..', '..', 'resources', 'quick-model');
const pieceNumbers = 1 << 20;

/**
 * A model folder of this configuration with weights by chance (bfloat16, small), as a download would leave it. The tokenizer is the
 * small one that comes with the workbench: its tokens are the first rows of the embedding.
 */
export function writeShapeFolder(folder: string, config: Readonly<Record<string, unknown>>): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(path.join(folder, 'config.json'), JSON.stringify({ ...config, initializer_range: 0.02 }, null, 2));
  for (const name of ['tokenizer.json', 'tokenizer_config.json'])
    copyFileSync(path.join(quickModel, name), path.join(folder, name));
  const shapes = expectedShapes(readModelConfig(config));
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  for (const [name, shape] of shapes) {
    const bytes = 2 * shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: 'BF16', shape, data_offsets: [offset, offset + bytes] };
    offset += bytes;
  }
  const file = openSync(path.join(folder, 'model.safetensors'), 'w');
  try {
    const head = Buffer.from(JSON.stringify(header));
    const length = Buffer.alloc(8);
    length.writeBigUInt64LE(BigInt(head.length));
    writeSync(file, length);
    writeSync(file, head);
    for (const [name, shape] of shapes) writeNumbers(file, shape, name.endsWith('norm.weight') ? 1 : null);
  } finally {
    closeSync(file);
  }
}

/** A norm's gain is 1; the others are ±0.02·u, by a small generator, so that every run has the same. */
function writeNumbers(file: number, shape: readonly number[], constant: number | null): void {
  let left = shape.reduce((a, b) => a * b, 1);
  const piece = new Float32Array(Math.min(left, pieceNumbers));
  let state = left >>> 0 || 1;
  for (let i = 0; i < piece.length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    piece[i] = constant ?? (state / 2 ** 31 - 1) * 0.03;
  }
  const bits = new Uint32Array(piece.buffer);
  const half = Uint16Array.from(bits, (value) => value >>> 16);
  while (left > 0) {
    const count = Math.min(left, half.length);
    writeSync(file, new Uint8Array(half.buffer, 0, 2 * count));
    left -= count;
  }
}
