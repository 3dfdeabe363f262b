import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';

/** GGUF, version 3: little-endian; a header, keys with values, descriptions of tensors, then their data, each aligned. */
const version = 3;
const alignment = 32;

export type GgufValue =
  | { kind: 'u32' | 'f32'; value: number }
  | { kind: 'bool'; value: boolean }
  | { kind: 'text'; value: string }
  | { kind: 'texts'; values: readonly string[] }
  | { kind: 'f32s' | 'i32s' | 'u32s'; values: readonly number[] };

export type GgufType = 'f32' | 'f16' | 'bf16' | 'q8_0';

export interface GgufTensor {
  name: string;
  /** As in the safetensors file; GGUF names the fastest axis first. */
  shape: readonly number[];
  type: GgufType;
  /** Numbers in the order of the shape, read when they are written. */
  read(): Promise<Float32Array>;
}

const typeNumbers: Readonly<Record<GgufType, number>> = { f32: 0, f16: 1, bf16: 30, q8_0: 8 };
const kinds = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const;
/** Numbers in a block of Q8_0, which holds one half-precision scale and as many bytes. */
export const blockLength = 32;

/** Writes the file; → its SHA-256 and size. `onTensor` hears how many are written, and may throw to stop. */
export async function writeGguf(
  file: string,
  metadata: ReadonlyMap<string, GgufValue>,
  tensors: readonly GgufTensor[],
  onTensor: (done: number) => void,
): Promise<{ sha256: string; sizeBytes: number }> {
  const handle = await open(file, 'wx');
  const out = new Output(handle);
  try {
    await out.write(header(metadata, tensors));
    await out.align();
    for (const [i, tensor] of tensors.entries()) {
      await out.write(encoded(await tensor.read(), tensor.type));
      await out.align();
      onTensor(i + 1);
    }
  } finally {
    await handle.close();
  }
  return { sha256: out.hash.digest('hex'), sizeBytes: out.written };
}

class Output {
  readonly hash = createHash('sha256');
  written = 0;
  readonly #handle: FileHandle;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async write(bytes: Uint8Array): Promise<void> {
    await this.#handle.write(bytes);
    this.hash.update(bytes);
    this.written += bytes.byteLength;
  }

  async align(): Promise<void> {
    const missing = aligned(this.written) - this.written;
    if (missing > 0) await this.write(new Uint8Array(missing));
  }
}

function aligned(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

function header(metadata: ReadonlyMap<string, GgufValue>, tensors: readonly GgufTensor[]): Buffer {
  const parts = [Buffer.from('GGUF'), u32(version), u64(tensors.length), u64(metadata.size)];
  for (const [key, value] of metadata) parts.push(text(key), encodedValue(value));
  let offset = 0;
  for (const { name, shape, type } of tensors) {
    parts.push(text(name), u32(shape.length), ...[...shape].reverse().map(u64), u32(typeNumbers[type]), u64(offset));
    offset += aligned(byteLength(shape, type));
  }
  return Buffer.concat(parts);
}

function byteLength(shape: readonly number[], type: GgufType): number {
  const count = shape.reduce((product, side) => product * side, 1);
  switch (type) {
    case 'f32':
      return 4 * count;
    case 'f16':
    case 'bf16':
      return 2 * count;
    case 'q8_0':
      return (count / blockLength) * (2 + blockLength);
  }
}

function encodedValue(value: GgufValue): Buffer {
  switch (value.kind) {
    case 'u32':
      return Buffer.concat([u32(kinds.u32), u32(value.value)]);
    case 'f32':
      return Buffer.concat([u32(kinds.f32), floats([value.value])]);
    case 'bool':
      return Buffer.concat([u32(kinds.bool), Buffer.from([Number(value.value)])]);
    case 'text':
      return Buffer.concat([u32(kinds.text), text(value.value)]);
    case 'texts':
      return Buffer.concat([array(kinds.text, value.values.length), ...value.values.map(text)]);
    case 'f32s':
      return Buffer.concat([array(kinds.f32, value.values.length), floats(value.values)]);
    case 'i32s':
      return Buffer.concat([array(kinds.i32, value.values.length), bytesOf(Int32Array.from(value.values))]);
    case 'u32s':
      return Buffer.concat([array(kinds.u32, value.values.length), bytesOf(Uint32Array.from(value.values))]);
  }
}

function array(kind: number, length: number): Buffer {
  return Buffer.concat([u32(kinds.array), u32(kind), u64(length)]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([u64(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function u64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function floats(values: readonly number[]): Buffer {
  return bytesOf(Float32Array.from(values));
}

function bytesOf(values: Float32Array | Int32Array | Uint32Array | Uint16Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

function encoded(numbers: Float32Array, type: GgufType): Uint8Array {
  switch (type) {
    case 'f32':
      return bytesOf(numbers);
    case 'f16':
      return bytesOf(Uint16Array.from(numbers, toHalf));
    case 'bf16':
      return bytesOf(toBrainFloat(numbers));
    case 'q8_0':
      return toQ8(numbers);
  }
}

/** Rounds to the nearest, to even where two are as near. */
function toBrainFloat(numbers: Float32Array): Uint16Array {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
}

const single = new Float32Array(1);
const singleBits = new Uint32Array(single.buffer);

/** A number as the 16 bits of IEEE half precision, rounded to the nearest, to even where two are as near. */
export function toHalf(value: number): number {
  single[0] = value;
  const word = singleBits[0]!;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  // Below the least normal number the step is 2⁻²⁴ throughout; above, 2¹⁰ steps a power of two.
  if (magnitude < 2 ** -14) return sign | roundToEven(magnitude * 2 ** 24);
  const exponent = ((word >>> 23) & 0xff) - 127;
  return sign | (((exponent + 15) << 10) + roundToEven((magnitude / 2 ** exponent - 1) * 1024));
}

function roundToEven(value: number): number {
  const down = Math.floor(value);
  const rest = value - down;
  return rest > 0.5 || (rest === 0.5 && down % 2 === 1) ? down + 1 : down;
}

/** Blocks of 32 whole numbers in ±127 with the scale that their largest one gives. */
function toQ8(numbers: Float32Array): Uint8Array {
  const blocks = numbers.length / blockLength;
  const bytes = Buffer.alloc(blocks * (2 + blockLength));
  for (let block = 0; block < blocks; block++) {
    const from = numbers.subarray(block * blockLength, (block + 1) * blockLength);
    let largest = 0;
    for (const x of from) largest = Math.max(largest, Math.abs(x));
    const scale = largest / 127;
    const at = block * (2 + blockLength);
    bytes.writeUInt16LE(toHalf(scale), at);
    for (const [i, x] of from.entries()) bytes.writeInt8(scale === 0 ? 0 : roundAway(x / scale), at + 2 + i);
  }
  return bytes;
}

/** C's roundf: halves go away from 0. */
function roundAway(value: number): number {
  return Math.sign(value) * Math.floor(Math.abs(value) + 0.5);
}
