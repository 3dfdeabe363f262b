import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import { asFileError } from '../../workbench/workspace/file-errors.ts';
import type { Files } from '../../workbench/workspace/files.ts';

/** Takes a dropped file as it comes and answers `{handle, name}`. */
export async function receiveUpload(
  files: Files,
  url: URL,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.setTimeout(idleUploadMs, () => request.destroy());
  try {
    const uploaded = await files.receiveUpload(
      url.searchParams.get('name') ?? 'upload',
      request,
      url.searchParams.get('folder'),
    );
    answerJson(response, 200, uploaded);
  } catch (error) {
    endAfter(request, response);
    answerJson(response, 400, { error: uploadError(error) });
  }
}

function uploadError(error: unknown): ErrorReport {
  return reportOf(asFileError(error, 'The upload', 'written'));
}

/** An upload may be slow, but something of it has to come within this long. */
const idleUploadMs = 60_000;
/** How long a client whose request was refused has to take the answer. */
const lingerMs = 500;

/** An answer that needs nothing of the request's body: what is still to come of it is not read. */
export function refuse(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  endAfter(request, response);
  answerText(response, status, text);
}

/** Closes the connection once the answer has gone, if the client still wants to send. */
function endAfter(request: IncomingMessage, response: ServerResponse): void {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (!hasBody || request.complete) return;
  request.pause();
  response.setHeader('Connection', 'close');
  response.once('finish', () => {
    // Closed at once, unread bytes would reset the connection before the answer has been taken.
    setTimeout(() => request.socket.destroy(), lingerMs).unref();
  });
}

/** A report or an export by the handle that the workbench gave out for it. Always a download: it never runs as a page here. */
export async function sendDownload(files: Files, handle: string, response: ServerResponse): Promise<void> {
  let file: string;
  try {
    file = files.pathOf(handle);
  } catch {
    answerText(response, 404, 'This file is no longer offered.');
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
