import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { reportOf } from '../../shared/domain/errors.ts';
import type { Files } from '../../workbench/workspace/files.ts';

/** Takes a dropped file as it comes and answers `{handle, name}`. */
export async function receiveUpload(
  files: Files,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  try {
    const uploaded = await files.receiveUpload(url.searchParams.get('name') ?? 'upload', request);
    answerJson(response, 200, uploaded);
  } catch (error) {
    answerJson(response, 400, { error: reportOf(error) });
  }
}

/** A report or an export by the handle that the workbench gave out for it. Always a download: it never runs as a page here. */
export async function sendDownload(files: Files, handle: string, response: ServerResponse): Promise<void> {
  let file: string;
  try {
    file = files.pathOf(handle);
  } catch {
    answerText(response, 404, 'This file is no longer on offer.');
    return;
  }
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    answerText(response, 404, 'This file is gone.');
    return;
  }
  response.writeHead(200, {
    'Content-Type': 'application/octet-stream',
    'Content-Length': found.size,
    'Content-Disposition': `attachment; filename*=UTF-8''${encodeURIComponent(path.basename(file))}`,
    'Cache-Control': 'no-store',
  });
  await pipeline(createReadStream(file), response).catch(() => response.destroy());
}

export function answerText(response: ServerResponse, status: number, text: string): void {
  response
    .writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', 'Cache-Control': 'no-store' })
    .end(`${text}\n`);
}

function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response
    .writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' })
    .end(JSON.stringify(value));
}
