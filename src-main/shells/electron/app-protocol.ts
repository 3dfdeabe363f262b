import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import { reportOf } from '../../shared/domain/errors.ts';
import type { Files } from '../../workbench/workspace/files.ts';
import { contentSecurityPolicy } from '../content-security-policy.ts';
import { contentTypeOf, fileOfAddress, isAppAddress } from './app-address.ts';

const headers = {
  'Content-Security-Policy': contentSecurityPolicy("'self'"),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
};

/** Answers app:// requests: the built interface, uploads of dropped files, downloads by handle. Knows nothing of Electron. */
export function createAppProtocol(rendererFolder: string, files: Files): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isAppAddress(request.url)) return text(403, 'Not an address of the workbench.');
    const url = new URL(request.url);
    if (request.method === 'POST' && url.pathname === '/upload') return upload(files, url, request);
    if (request.method !== 'GET') return text(405, 'Not here.');
    const handle = /^\/download\/([\w-]+)$/.exec(url.pathname)?.[1];
    if (handle !== undefined) return download(files, handle);
    const file = fileOfAddress(rendererFolder, request.url);
    const content = file === null ? null : await readFile(file).catch(() => null);
    if (file === null || content === null) return text(404, 'There is no such page.');
    return new Response(content, { headers: { ...headers, 'Content-Type': contentTypeOf(file) } });
  };
}

async function upload(files: Files, url: URL, request: Request): Promise<Response> {
  try {
    // Node's and the DOM's stream types describe the same object.
    const chunks =
      request.body === null ? Readable.from([]) : Readable.fromWeb(request.body as ReadableStream<Uint8Array>);
    return json(
      200,
      await files.receiveUpload(url.searchParams.get('name') ?? 'upload', chunks, url.searchParams.get('folder')),
    );
  } catch (error) {
    return json(400, { error: reportOf(error) });
  }
}

async function download(files: Files, handle: string): Promise<Response> {
  try {
    const file = files.pathOf(handle);
    const { size } = await stat(file);
    const body = Readable.toWeb(createReadStream(file)) as ConstructorParameters<typeof Response>[0];
    const name = encodeURIComponent(path.basename(file));
    return new Response(body, {
      headers: {
        ...headers,
        'Content-Type': 'application/octet-stream',
        'Content-Length': String(size),
        'Content-Disposition': `attachment; filename*=UTF-8''${name}`,
      },
    });
  } catch {
    return text(404, 'This file is no longer offered.');
  }
}

function text(status: number, sentence: string): Response {
  return new Response(`${sentence}\n`, {
    status,
    headers: { ...headers, 'Content-Type': 'text/plain; charset=utf-8' },
  });
}

function json(status: number, value: unknown): Response {
  return new Response(JSON.stringify(value), { status, headers: { ...headers, 'Content-Type': 'application/json' } });
}
