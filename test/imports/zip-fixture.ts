import { crc32, deflateRawSync, zstdCompressSync } from 'node:zlib';

export interface ZipEntry {
  name: string;
  content: string | Uint8Array;
  method?: 'stored' | 'deflated' | 'zstd';
  /** A size to claim instead of the true one. */
  claimedSize?: number;
  /** A checksum to claim instead of the true one. */
  claimedCrc?: number;
  /** Unix mode; a symbolic link's begins with 0o12. */
  mode?: number;
  /** Where the directory says that the entry begins, instead of where it does. */
  claimedOffset?: number;
}

const methods = { stored: 0, deflated: 8, zstd: 93 } as const;

/** A zip archive written byte by byte, so that names and sizes can lie. */
export function zipOf(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { method = 'deflated' } = entry;
    const content = Buffer.from(entry.content as string);
    const packed =
      method === 'stored' ? content : method === 'zstd' ? zstdCompressSync(content) : deflateRawSync(content);
    const name = Buffer.from(entry.name);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0); // version needed
    shared.writeUInt16LE(0x0800, 2); // names are UTF-8
    shared.writeUInt16LE(methods[method], 4);
    shared.writeUInt32LE(entry.claimedCrc ?? crc32(content), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(entry.claimedSize ?? content.length, 18);
    shared.writeUInt16LE(name.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, name, packed]);
    const rest = Buffer.alloc(14);
    rest.writeUInt32LE(((entry.mode ?? 0) << 16) >>> 0, 6);
    rest.writeUInt32LE(entry.claimedOffset ?? offset, 10);
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), shared, rest, name]));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}
