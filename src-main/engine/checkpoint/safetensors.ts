import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FolderReader } from '../ports.ts';
import { decodeUtf8, encodeUtf8 } from './utf8.ts';

/**
 * The safetensors layout: 8 bytes little-endian header length, a JSON header `{name: {dtype, shape, data_offsets}}`, the data.
 * Files come from anywhere, so nothing in a header is believed before it is checked against the file's own rules.
 */
export interface TensorEntry {
  name: string;
  /** The file in the folder that contains it. */
  file: string;
  dtype: TensorDtype;
  shape: number[];
  /** Bytes from the start of the file. */
  offset: number;
  byteLength: number;
}

export type TensorDtype = keyof typeof bytesPer;

/** Weights are floats of up to 32 bits; buffers of the other types may appear next to them. */
const bytesPer = {
  F32: 4,
  F16: 2,
  BF16: 2,
  F64: 8,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  I16: 2,
  I32: 4,
  I64: 8,
  U8: 1,
  U16: 2,
  U32: 4,
  U64: 8,
  BOOL: 1,
} as const;

/** The reference implementation's own limit. */
const largestHeader = 100_000_000;

export interface SafetensorsHeader {
  entries: TensorEntry[];
  metadata: Record<string, string>;
}

/** Reads and checks one file's header. */
export async function readSafetensorsHeader(reader: FolderReader, file: string): Promise<SafetensorsHeader> {
  const prefix = await reader.readBytes(file, 0, 8);
  if (prefix.byteLength < 8) throw corrupt(reader, file, 'it is shorter than its own header');
  const headerLength = Number(new DataView(prefix.buffer, prefix.byteOffset, 8).getBigUint64(0, true));
  if (headerLength > largestHeader) throw corrupt(reader, file, `its header claims ${headerLength} bytes`);
  const bytes = await reader.readBytes(file, 8, headerLength);
  if (bytes.byteLength < headerLength) throw corrupt(reader, file, 'it ends inside its header');
  const header = parseHeader(reader, file, bytes);
  const { __metadata__: metadata, ...tensors } = header;
  const entries = Object.entries(tensors).map(([name, value]) =>
    readEntry(reader, file, name, value, 8 + headerLength),
  );
  await checkLayout(reader, file, entries, 8 + headerLength);
  return { entries, metadata: stringsOf(metadata) };
}

function parseHeader(reader: FolderReader, file: string, bytes: Uint8Array): Record<string, unknown> {
  let header: unknown;
  try {
    header = JSON.parse(decodeUtf8(bytes));
  } catch (cause) {
    throw corrupt(reader, file, 'its header is not JSON', undefined, cause);
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw corrupt(reader, file, 'its header is not an object');
  }
  return header as Record<string, unknown>;
}

function readEntry(reader: FolderReader, file: string, name: string, value: unknown, dataStart: number): TensorEntry {
  const fields = (typeof value === 'object' && value !== null ? value : {}) as Record<string, unknown>;
  const { dtype, shape, data_offsets: offsets } = fields;
  if (typeof dtype !== 'string' || !Object.hasOwn(bytesPer, dtype)) {
    throw new WorkbenchError('unsupported', `${reader.label}/${file}: tensor ${name} has the type ${String(dtype)}`, {
      remedy: 'Weights may be F32, F16 or BF16.',
      place: { file, field: name },
    });
  }
  const known = dtype as TensorDtype;
  if (!isSizes(shape)) throw corrupt(reader, file, 'its shape is not a list of sizes', name);
  if (!isSizes(offsets) || offsets.length !== 2) throw corrupt(reader, file, 'its offsets are not two positions', name);
  const [begin, end] = offsets as [number, number];
  const wanted = shape.reduce((product, size) => product * size, bytesPer[known]);
  if (end - begin !== wanted) throw corrupt(reader, file, `it needs ${wanted} bytes and has ${end - begin}`, name);
  return { name, file, dtype: known, shape, offset: dataStart + begin, byteLength: wanted };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** No overlap, no holes, and the last byte is there: what the format promises. */
async function checkLayout(
  reader: FolderReader,
  file: string,
  entries: TensorEntry[],
  dataStart: number,
): Promise<void> {
  let position = dataStart;
  for (const entry of [...entries].sort((a, b) => a.offset - b.offset || a.byteLength - b.byteLength)) {
    if (entry.offset !== position) throw corrupt(reader, file, 'its bytes overlap others or leave a hole', entry.name);
    position += entry.byteLength;
  }
  if (position > dataStart && (await reader.readBytes(file, position - 1, 1)).byteLength < 1) {
    throw corrupt(reader, file, `it should have ${position} bytes and has fewer`);
  }
}

function stringsOf(metadata: unknown): Record<string, string> {
  if (typeof metadata !== 'object' || metadata === null) return {};
  return Object.fromEntries(
    Object.entries(metadata).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** How much of a file is read at once, so that a whole file is never in memory next to its numbers. */
const pieceBytes = 1 << 24;

/** One tensor's numbers as 32-bit floats; `onBytes` is called after each piece is read, and may throw to end it. */
export async function readTensorData(
  reader: FolderReader,
  entry: TensorEntry,
  onBytes: (bytes: number) => Promise<void> | void = () => {},
): Promise<Float32Array> {
  const { file, offset, byteLength, dtype } = entry;
  const widen = widening(reader, entry);
  const numbers = new Float32Array(byteLength / bytesPer[dtype]);
  for (let done = 0; done < byteLength; done += pieceBytes) {
    const length = Math.min(pieceBytes, byteLength - done);
    const bytes = await reader.readBytes(file, offset + done, length);
    if (bytes.byteLength !== length) throw corrupt(reader, file, 'its data is cut off', entry.name);
    widen(bytes, numbers.subarray(done / bytesPer[dtype], (done + length) / bytesPer[dtype]));
    await onBytes(length);
  }
  return numbers;
}

function widening(reader: FolderReader, entry: TensorEntry): (bytes: Uint8Array, to: Float32Array) => void {
  switch (entry.dtype) {
    case 'F32':
      return (bytes, to) => to.set(new Float32Array(aligned(bytes, 4)));
    case 'BF16':
      return (bytes, to) => widenBfloat16(new Uint16Array(aligned(bytes, 2)), to);
    case 'F16':
      return (bytes, to) => widenHalf(new Uint16Array(aligned(bytes, 2)), to);
    default:
      throw new WorkbenchError(
        'unsupported',
        `${reader.label}/${entry.file}: tensor ${entry.name} has the type ${entry.dtype}`,
        {
          remedy: 'Weights may be F32, F16 or BF16.',
          place: { file: entry.file, field: entry.name },
        },
      );
  }
}

function aligned(bytes: Uint8Array, unit: number): ArrayBuffer {
  const whole = bytes.byteOffset % unit === 0 && bytes.byteLength === bytes.buffer.byteLength;
  return (whole ? bytes.buffer : bytes.slice().buffer) as ArrayBuffer;
}

function widenBfloat16(words: Uint16Array, to: Float32Array): void {
  const bits = new Uint32Array(to.buffer, to.byteOffset, words.length);
  for (let i = 0; i < words.length; i++) bits[i] = words[i]! << 16;
}

function widenHalf(words: Uint16Array, to: Float32Array): void {
  const table = halfTable();
  for (let i = 0; i < words.length; i++) to[i] = table[words[i]!]!;
}

let halves: Float32Array | null = null;
/** Every half-precision number by its bits: 256 KiB that save a branch per weight. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 65_536 }, (_, bits) => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 0x1f;
    const fraction = bits & 0x3ff;
    if (exponent === 0) return sign * fraction * 2 ** -24;
    if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
    return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  });
  return halves;
}

export interface NamedFloats {
  name: string;
  shape: readonly number[];
  /** Called when it is about to be written, so that not all weights are held twice. */
  data: () => Float32Array | Promise<Float32Array>;
}

/** The bytes of an F32 safetensors file: the header first, then one chunk per tensor; tensors in the order given. */
export async function* safetensorsBytes(
  tensors: readonly NamedFloats[],
  metadata: Record<string, string> = { format: 'pt' },
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: metadata };
  for (const { name, shape } of tensors) {
    const byteLength = shape.reduce((product, size) => product * size, 4);
    header[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + byteLength] };
    offset += byteLength;
  }
  const json = encodeUtf8(JSON.stringify(header));
  // Padded with blanks to a multiple of eight, as the reference writer does, so that the data is aligned.
  const head = new Uint8Array(8 + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(head.buffer).setBigUint64(0, BigInt(head.length - 8), true);
  head.set(json, 8);
  yield head;
  for (const tensor of tensors) {
    const data = await tensor.data();
    yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  }
}

function corrupt(reader: FolderReader, file: string, what: string, tensor?: string, cause?: unknown): WorkbenchError {
  const where = tensor === undefined ? '' : ` tensor ${tensor}:`;
  return new WorkbenchError('corrupt', `${reader.label}/${file}:${where} ${what}`, {
    remedy: 'Copy or download the file again.',
    place: { file, ...(tensor === undefined ? {} : { field: tensor }) },
    ...(cause === undefined ? {} : { cause }),
  });
}
