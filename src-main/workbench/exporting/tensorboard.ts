/**
 * Event files as TensorBoard reads them: records of TensorFlow’s TFRecord form, each an `Event` message of protocol buffers
 * (tensorflow/core/util/event.proto, framework/summary.proto). Written by hand: five fields of two messages are needed.
 */

/** The first record of every event file. */
export function fileVersion(wallSeconds: number): Buffer {
  return record(Buffer.concat([wallTime(wallSeconds), bytesField(3, Buffer.from('brain.Event:2'))]));
}

/** Figures of one step by tag. */
export function scalars(wallSeconds: number, step: number, figures: Readonly<Record<string, number>>): Buffer {
  const values = Object.entries(figures).map(([tag, value]) =>
    bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
  );
  const summary = bytesField(5, Buffer.concat(values));
  return record(Buffer.concat([wallTime(wallSeconds), key(2, varintWire), varint(step), summary]));
}

const varintWire = 0;
const doubleWire = 1;
const bytesWire = 2;
const floatWire = 5;

function wallTime(seconds: number): Buffer {
  const value = Buffer.alloc(8);
  value.writeDoubleLE(seconds);
  return Buffer.concat([key(1, doubleWire), value]);
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, floatWire), bytes]);
}

function bytesField(field: number, bytes: Buffer): Buffer {
  return Buffer.concat([key(field, bytesWire), varint(bytes.length), bytes]);
}

function key(field: number, wire: number): Buffer {
  return varint(field * 8 + wire);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest === 0n ? low : low | 128);
  } while (rest !== 0n);
  return Buffer.from(bytes);
}

/** Length, its checksum, the data, their checksum. */
function record(data: Buffer): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedSum(length), data, maskedSum(data)]);
}

function maskedSum(bytes: Buffer): Buffer {
  const sum = castagnoli(bytes);
  const masked = (((sum >>> 15) | (sum << 17)) + 0xa282ead8) >>> 0;
  const found = Buffer.alloc(4);
  found.writeUInt32LE(masked);
  return found;
}

/** CRC-32C; Node has the other polynomial only. */
const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) === 1 ? (value >>> 1) ^ 0x82f63b78 : value >>> 1;
  return value >>> 0;
});

function castagnoli(bytes: Buffer): number {
  let sum = 0xffffffff;
  for (const byte of bytes) sum = (table[(sum ^ byte) & 255] ?? 0) ^ (sum >>> 8);
  return (sum ^ 0xffffffff) >>> 0;
}
