import crypto from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';
import { interrupted } from './interruption.mjs';
import { megabytes, progress, say } from './log.mjs';

const connectTimeoutMs = 5_000;
/** A stalled transfer is given up after this long without a byte; what came is kept and continued next time. */
const idleTimeoutMs = 30_000;

/**
 * Fetches `url` to `file`, continuing a `.part` left by an earlier attempt, and renames it when whole. A host that does not
 * answer costs the connect timeout and no more. Its length and its SHA-256, which the caller knows beforehand, are checked: what
 * differs is deleted.
 */
export async function download(url, file, { sha256, label = path.basename(file) }) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const part = `${file}.part`;
  const have = fs.existsSync(part) ? fs.statSync(part).size : 0;
  const response = await open(url, have > 0 ? { range: `bytes=${have}-` } : {});
  const resumed = response.statusCode === 206;
  if (response.statusCode === 416) {
    response.destroy();
    fs.rmSync(part, { force: true });
    return download(url, file, { sha256, label });
  }
  if (response.statusCode !== 200 && !resumed) {
    response.destroy();
    throw new Error(`${new URL(url).host} answered ${response.statusCode}`);
  }
  const start = resumed ? have : 0;
  const length = Number(response.headers['content-length']);
  const total = Number.isFinite(length) ? start + length : undefined;
  say(
    `downloading ${label}${total ? ` (${megabytes(total)}${start ? `, ${megabytes(start)} already here` : ''})` : ''}`,
  );
  let done = start;
  const out = fs.createWriteStream(part, { flags: resumed ? 'a' : 'w' });
  response.setTimeout(idleTimeoutMs, () => response.destroy(new Error('the transfer stalled')));
  const breakOff = () => response.destroy(new Error('cancelled'));
  interrupted.addEventListener('abort', breakOff, { once: true });
  try {
    await new Promise((resolve, reject) => {
      // What came until then is written, so that the next attempt begins after it.
      const keep = (error) => out.end(() => reject(error));
      response.on('data', (chunk) => progress(label, (done += chunk.length), total));
      response.on('error', keep);
      response.on('aborted', () => keep(new Error('the connection broke off')));
      out.on('error', reject);
      response.on('end', () => out.end(resolve));
      response.pipe(out, { end: false });
      if (interrupted.aborted) breakOff();
    });
  } finally {
    interrupted.removeEventListener('abort', breakOff);
  }
  if (total !== undefined && done !== total) throw new Error(`${label}: ${done} of ${total} bytes came`);
  const found = await hashFile(part, 'sha256');
  if (found !== sha256) {
    fs.rmSync(part, { force: true });
    throw new Error(
      `${label}: ${new URL(url).host} sent another file than the one that was published (its SHA-256 is ${found.slice(0, 12)}…, not ${sha256.slice(0, 12)}…); it was deleted`,
    );
  }
  fs.renameSync(part, file);
  return file;
}

/** What `url` holds, in bytes, as its host says beforehand; null where it does not say. Throws where it is not there. */
export async function sizeOf(url) {
  const response = await open(url, {}, 'HEAD');
  response.destroy();
  if (response.statusCode !== 200) throw new Error(`${new URL(url).host} answered ${response.statusCode}`);
  const length = Number(response.headers['content-length']);
  return Number.isFinite(length) && length > 0 ? length : null;
}

/** Whether `url`'s host answers at all, within the connect timeout. Any HTTP status counts. */
export async function answers(url) {
  try {
    const response = await open(url, {}, 'HEAD');
    response.destroy();
    return { ok: true };
  } catch (error) {
    return { ok: false, reason: error.message };
  }
}

export async function hashFile(file, algorithm, encoding = 'hex') {
  const hash = crypto.createHash(algorithm);
  for await (const chunk of fs.createReadStream(file)) hash.update(chunk);
  return hash.digest(encoding);
}

function open(url, headers, method = 'GET', redirects = 5) {
  return new Promise((resolve, reject) => {
    const { host, protocol } = new URL(url);
    const request = (protocol === 'http:' ? http : https).request(url, { method, headers });
    const timer = setTimeout(
      () => request.destroy(new Error(`${host} did not answer in ${connectTimeoutMs / 1000} s`)),
      connectTimeoutMs,
    );
    request.on('error', (error) => {
      clearTimeout(timer);
      reject(error.code === 'ENOTFOUND' || error.code === 'EAI_AGAIN' ? new Error(`${host} is not known here`) : error);
    });
    request.on('response', (response) => {
      clearTimeout(timer);
      const location = response.headers.location;
      if (response.statusCode >= 300 && response.statusCode < 400 && location && redirects > 0) {
        response.destroy();
        open(new URL(location, url).href, headers, method, redirects - 1).then(resolve, reject);
      } else resolve(response);
    });
    request.end();
  });
}
