import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

const archive = { version: '2.18.0', file: 'libtensorflow-cpu-linux-x86_64.tar.gz' };

/** What the mirror does with the next download. */
export type Manner = 'whole' | 'breaks off' | 'another file' | 'never ends';

export interface Mirror {
  readonly address: string;
  readonly bytes: number;
  readonly digest: string;
  manner: Manner;
  /** The first byte that each download asked for. */
  readonly asked: number[];
  close(): Promise<void>;
}

/**
 * A host with an archive of TensorFlow's C library, as the official one has it: what is in it are links to the library of this machine,
 * and three megabytes that compress to nothing less, so that there is something to wait for.
 */
export async function openMirror(folder: string, libDir: string): Promise<Mirror> {
  const lib = path.join(folder, 'archive', 'lib');
  mkdirSync(lib, { recursive: true });
  for (const [name, target] of [
    ['libtensorflow.so.2', 'libtensorflow_cc.so.2'],
    ['libtensorflow_framework.so.2', 'libtensorflow_framework.so.2'],
  ] as const)
    symlinkSync(path.join(libDir, target), path.join(lib, name));
  writeFileSync(path.join(folder, 'archive', 'padding'), randomBytes(3_000_000));
  const packed = path.join(folder, archive.file);
  execFileSync('tar', ['-czf', packed, '-C', path.join(folder, 'archive'), '.']);
  const bytes = readFileSync(packed);
  const mirror = { manner: 'whole' as Manner, asked: [] as number[] };
  const server = http.createServer((request, response) => {
    if (request.url !== `/tensorflow/versions/${archive.version}/${archive.file}`)
      return void response.writeHead(404).end();
    if (request.method === 'HEAD') return void response.writeHead(200, { 'content-length': bytes.length }).end();
    const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    mirror.asked.push(start);
    const rest = bytes.subarray(start);
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length });
    const part = rest.subarray(0, 1_000_000);
    switch (mirror.manner) {
      case 'whole':
        return void response.end(rest);
      case 'another file':
        return void response.end(Buffer.alloc(rest.length, 1));
      case 'breaks off':
        return void response.write(part, () => response.destroy());
      case 'never ends':
        return void response.write(part);
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(mirror, {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bytes: bytes.length,
    digest: createHash('sha256').update(bytes).digest('hex'),
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  });
}

/** Set-up as a package carries it, which expects the mirror's archive where it would expect the published one. Returns its script. */
export function packagedSetUp(folder: string, { digest }: Mirror): string {
  const setup = path.join(folder, 'build', 'setup');
  cpSync('build/setup', setup, { recursive: true });
  writeFileSync(path.join(setup, 'archives.json'), JSON.stringify({ 'linux-x64 cpu': { ...archive, sha256: digest } }));
  return path.join(setup, 'in-window.mjs');
}
