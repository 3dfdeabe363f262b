import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { answers, download } from '../../build/setup/download.mjs';

const body = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
const sha256 = createHash('sha256').update(body).digest('hex');
let dir: string;
let base: string;
let served: { range?: string; bytes: number }[] = [];
const server = http.createServer((request, response) => {
  const start = Number(/bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (request.url === '/gone') return void response.writeHead(404).end();
  if (request.url === '/moved') return void response.writeHead(302, { location: '/file' }).end();
  const part = body.subarray(start);
  served.push({ ...(request.headers.range === undefined ? {} : { range: request.headers.range }), bytes: part.length });
  response.writeHead(start > 0 ? 206 : 200, { 'content-length': part.length });
  if (request.url === '/breaks') {
    response.write(part.subarray(0, 30_000), () => response.destroy());
    return;
  }
  response.end(part);
});

beforeAll(async () => {
  process.env['FLIPGUARD_QUIET'] = '1';
  dir = mkdtempSync(path.join(os.tmpdir(), 'flipguard-download-'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  rmSync(dir, { recursive: true, force: true });
});
beforeEach(() => (served = []));

describe('download', () => {
  it('writes the file whole, through a redirect', async () => {
    await download(`${base}/moved`, path.join(dir, 'a'), { sha256 });
    expect(readFileSync(path.join(dir, 'a')).equals(body)).toBe(true);
    expect(existsSync(path.join(dir, 'a.part'))).toBe(false);
  });

  it('continues what an earlier attempt left', async () => {
    writeFileSync(path.join(dir, 'b.part'), body.subarray(0, 60_000));
    await download(`${base}/file`, path.join(dir, 'b'), { sha256 });
    expect(served).toEqual([{ range: 'bytes=60000-', bytes: 40_000 }]);
    expect(readFileSync(path.join(dir, 'b')).equals(body)).toBe(true);
  });

  it('keeps what came when the connection breaks, and never shows it under the final name', async () => {
    await expect(download(`${base}/breaks`, path.join(dir, 'c'), { sha256 })).rejects.toThrow();
    expect(existsSync(path.join(dir, 'c'))).toBe(false);
    await download(`${base}/file`, path.join(dir, 'c'), { sha256 });
    expect(readFileSync(path.join(dir, 'c')).equals(body)).toBe(true);
  });

  it('refuses another file than the one that was published, whole or continued, and keeps nothing of it', async () => {
    const other = createHash('sha256').update('other').digest('hex');
    const said = /127\.0\.0\.1:\d+ sent another file than the one that was published.*it was deleted$/;
    await expect(download(`${base}/file`, path.join(dir, 'd'), { sha256: other })).rejects.toThrow(said);
    writeFileSync(path.join(dir, 'd.part'), Buffer.alloc(60_000, 1));
    await expect(download(`${base}/file`, path.join(dir, 'd'), { sha256 })).rejects.toThrow(said);
    expect([existsSync(path.join(dir, 'd.part')), existsSync(path.join(dir, 'd'))]).toEqual([false, false]);
  });

  it('names the status of a file that is not there', async () => {
    await expect(download(`${base}/gone`, path.join(dir, 'e'), { sha256 })).rejects.toThrow(/answered 404/);
  });

  it('tells an answering host from one that is not', async () => {
    expect(await answers(`${base}/gone`)).toEqual({ ok: true });
    expect((await answers('http://127.0.0.1:9/')).ok).toBe(false);
    expect(await answers('http://host.invalid/')).toEqual({ ok: false, reason: 'host.invalid is not known here' });
  });
});
