import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import * as fs from 'node:fs/promises';
import * as path from 'node:path';
import { writeWhole } from '../system/whole-file.ts';
import type { CacheKey, NumberCache } from '../engine/ports.ts';
import { makeFolder } from '../system/folders.ts';

/** Float32 lists in a folder, one file each under the hash of what they depend on. A damaged file is as good as none. */
export function openNumberCache(folder: string): NumberCache {
  const fileOf = (key: CacheKey) => path.join(folder, `${hashKey(key)}.f32`);
  return {
    async get(key) {
      const bytes = await fs.readFile(fileOf(key)).catch(() => null);
      if (bytes === null || bytes.length < digestBytes || bytes.length % 4 !== 0) return undefined;
      const numbers = bytes.subarray(digestBytes);
      if (!digest(numbers).equals(bytes.subarray(0, digestBytes))) return undefined;
      return new Float32Array(Uint8Array.from(numbers).buffer);
    },
    async put(key, values) {
      const file = fileOf(key);
      const numbers = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
      await makeFolder(folder);
      await writeWhole(file, Buffer.concat([digest(numbers), numbers]));
    },
  };
}

/** For jobs that keep nothing. */
export const noCache: NumberCache = { get: () => Promise.resolve(undefined), put: () => Promise.resolve() };

const digestBytes = 32;

function digest(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

function hashKey(key: CacheKey): string {
  const hash = createHash('sha256');
  for (const part of key) {
    if (typeof part === 'string') hash.update(`${part}\n`);
    else hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
  }
  return hash.digest('hex');
}

/** SHA-256 over a model folder's weights and configuration. */
export async function hashModel(folder: string): Promise<string> {
  const names = (await fs.readdir(folder))
    .filter((name) => /\.safetensors$|^(adapter_)?config\.json$/.test(name))
    .sort();
  const hash = createHash('sha256');
  for (const name of names) {
    hash.update(`${name}\n`);
    for await (const chunk of createReadStream(path.join(folder, name))) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
