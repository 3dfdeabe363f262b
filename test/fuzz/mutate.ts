import type { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';

const telling = [
  '\0',
  '"',
  '{',
  '}',
  '[',
  ']',
  ',',
  '\n',
  '\u2028',
  '\ud800',
  '-1',
  '1e999',
  'NaN',
  'null',
  '__proto__',
  '\ufeff',
  '../',
  'true',
  '9007199254740993',
];

/** One to four changes of the kinds that downloads, disks, editors and malice make. */
export function mutate(original: Uint8Array, random: SeededRandom): Buffer {
  let bytes = Buffer.from(original);
  const below = (n: number): number => Math.floor(random.next() * n);
  const changes = 1 + below(4);
  for (let change = 0; change < changes && bytes.length > 0; change += 1) {
    const at = below(Math.max(1, bytes.length));
    const length = 1 + below(Math.min(64, Math.max(1, bytes.length)));
    switch (below(8)) {
      case 0:
        bytes[at] = (bytes[at] ?? 0) ^ (1 << below(8));
        break;
      case 1:
        bytes[at] = [0, 0xff, 0x7f, 0x80, 1][below(5)] ?? 0;
        break;
      case 2:
        bytes = bytes.subarray(0, at);
        break;
      case 3:
        bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + length)]);
        break;
      case 4:
        bytes = Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)]);
        break;
      case 5:
        bytes = Buffer.concat([
          bytes.subarray(0, at),
          Buffer.from(telling[below(telling.length)] ?? ''),
          bytes.subarray(at),
        ]);
        break;
      case 6:
        bytes.subarray(at, at + length).fill(0);
        break;
      default:
        bytes = Buffer.concat([bytes.subarray(at), bytes.subarray(0, at)]);
    }
  }
  return Buffer.from(bytes);
}
