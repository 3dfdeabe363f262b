import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A repository of the small Hub: its files, and what stands in the way of them. */
export interface MiniRepository {
  files: Record<string, string | Uint8Array>;
  gated?: boolean;
  licence?: string;
  /** As it was made. */
  visibility?: string | undefined;
  /** Further revisions, by name. */
  branches?: Record<string, Record<string, string | Uint8Array>>;
}

export interface MiniHubOptions {
  /** Keys are `models/ORG/NAME` and `datasets/ORG/NAME`. */
  repositories: Record<string, MiniRepository>;
  token?: string;
  /** Closes the connection after so many bytes of a file, once for each. */
  cutAfter?: number;
  /** Sends large files from a second server, as the Hub does from its store. */
  elsewhere?: boolean;
  /** Sends other bytes than the digest names. */
  damaged?: boolean;
}

export interface MiniHub {
  address: string;
  /** Of every request in order: which server, what for, from which byte on, and whether a token came along. */
  requests: { at: 'hub' | 'store'; url: string; method: string; range: string | null; withToken: boolean }[];
  commitOf(key: string): string;
  /** Bodies of commits, by repository. */
  uploads: Map<string, Buffer[]>;
  close(): Promise<void>;
}

const bytesOf = (content: string | Uint8Array) => Buffer.from(content);
const isLarge = (name: string) => /\.(safetensors|parquet|gguf)$/.test(name);
const sha = (kind: string, ...parts: (string | Buffer)[]) =>
  parts.reduce((hash, part) => hash.update(part), createHash(kind)).digest('hex');
const gitId = (content: Buffer) => sha('sha1', `blob ${content.length}\0`, content);

/** A stand-in for the Hub on loopback: information, file lists, downloads by range, and commits. */
export async function startMiniHub(options: MiniHubOptions): Promise<MiniHub> {
  const requests: MiniHub['requests'] = [];
  const uploads: MiniHub['uploads'] = new Map();
  const cut = new Set<string>();
  const note = (at: 'hub' | 'store', request: IncomingMessage) =>
    requests.push({
      at,
      url: decodeURIComponent(request.url ?? ''),
      method: request.method ?? '',
      range: request.headers.range ?? null,
      withToken: request.headers.authorization !== undefined,
    });
  const store = createServer((request, response) => {
    note('store', request);
    const oid = /^\/upload\/([0-9a-f]{64})$/.exec(request.url ?? '')?.[1];
    if (oid !== undefined) {
      return drain(request, (body) => {
        if (sha('sha256', body) === oid) objects.set(oid, body);
        response.writeHead(objects.has(oid) ? 200 : 400).end();
      });
    }
    const [, key = '', revision = '', name = ''] =
      /^\/(.+?)@(.+?)@(.+)$/.exec(decodeURIComponent(request.url ?? '')) ?? [];
    sendFile(request, response, filesAt(key, revision)![name]!, name);
  });
  const hub = createServer((request, response) => {
    note('hub', request);
    const { authorization } = request.headers;
    const isRead = ['GET', 'HEAD'].includes(request.method ?? '');
    if (!isRead && options.token !== undefined && authorization !== `Bearer ${options.token}`)
      return json(response, authorization === undefined ? 401 : 403, { error: 'may not write' });
    answer(request, response);
  });
  const objects = new Map<string, Buffer>();
  const [address, storeAddress] = [await listen(hub), await listen(store)];

  function filesAt(key: string, revision: string) {
    const repository = options.repositories[key];
    if (repository === undefined) return undefined;
    const all = { main: repository.files, HEAD: repository.files, ...repository.branches };
    return all[revision as 'main'] ?? Object.values(all).find((files) => commitOfFiles(files) === revision);
  }

  function refused(request: IncomingMessage, response: ServerResponse, key: string): boolean {
    const repository = options.repositories[key];
    if (repository === undefined) return json(response, 404, { error: 'Repository not found' }, 'RepoNotFound');
    const { authorization } = request.headers;
    if (repository.gated !== true || authorization === `Bearer ${options.token}`) return false;
    return json(response, authorization === undefined ? 401 : 403, { error: 'restricted' }, 'GatedRepo');
  }

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(decodeURIComponent(request.url ?? '/'), 'http://hub');
    const api = /^\/api\/((?:models|datasets)\/[^/]+\/[^/]+)\/(revision|tree|commit)\/(.+)$/.exec(url.pathname);
    const file = /^\/(datasets\/)?([^/]+\/[^/]+)\/resolve\/([^/]+)\/(.+)$/.exec(url.pathname);
    if (url.pathname === '/api/repos/create')
      return drain(request, (body) => {
        const { name, organization, visibility } = JSON.parse(body.toString()) as Record<string, string>;
        options.repositories[`models/${organization}/${name}`] ??= { files: {}, visibility };
        json(response, 200, { url: `${address}/${organization}/${name}` });
      });
    const batch = /^\/([^/]+\/[^/]+)\.git\/info\/lfs\/objects\/batch$/.exec(url.pathname);
    if (batch !== null) {
      return drain(request, (body) => {
        const asked = (JSON.parse(body.toString()) as { objects: { oid: string; size: number }[] }).objects;
        const actions = (oid: string) => ({ upload: { href: `${storeAddress}/upload/${oid}` } });
        json(response, 200, {
          transfer: 'basic',
          objects: asked.map(({ oid, size }) => ({ oid, size, actions: actions(oid) })),
        });
      });
    }
    const preupload = /^\/api\/((?:models|datasets)\/[^/]+\/[^/]+)\/preupload\//.exec(url.pathname);
    if (preupload !== null) {
      return drain(request, (body) => {
        const { files } = JSON.parse(body.toString()) as { files: { path: string }[] };
        json(response, 200, {
          files: files.map(({ path }) => ({ path, uploadMode: isLarge(path) ? 'lfs' : 'regular' })),
        });
      });
    }
    if (api !== null) {
      const [, key = '', what, revision = ''] = api;
      if (what === 'commit') {
        return drain(request, (body) => {
          uploads.set(key, [...(uploads.get(key) ?? []), body]);
          const repository = options.repositories[key]!;
          repository.files = { ...repository.files, ...committed(body, objects) };
          json(response, 200, { commitOid: '0'.repeat(40), commitUrl: `${address}/c`, hookOutput: '' });
        });
      }
      if (refused(request, response, key)) return;
      const files = filesAt(key, revision);
      if (files === undefined) return void json(response, 404, { error: 'Invalid rev id' }, 'RevisionNotFound');
      if (what === 'tree') return void json(response, 200, Object.entries(files).map(entryOf));
      const { licence } = options.repositories[key]!;
      const cardData = licence === undefined ? {} : { cardData: { license: licence } };
      return void json(response, 200, { id: key, sha: commitOfFiles(files), private: false, ...cardData });
    }
    if (file === null) return void json(response, 404, { error: 'not found' });
    const [, dataset, repository, revision = '', name = ''] = file;
    const key = `${dataset === undefined ? 'models' : 'datasets'}/${repository}`;
    if (refused(request, response, key)) return;
    const content = filesAt(key, revision)?.[name];
    if (content === undefined) return void json(response, 404, { error: 'Entry not found' }, 'EntryNotFound');
    if (options.elsewhere === true && isLarge(name)) {
      response.writeHead(302, { location: `${storeAddress}/${encodeURIComponent(`${key}@${revision}@${name}`)}` });
      response.end();
      return;
    }
    sendFile(request, response, content, name);
  }

  function sendFile(
    request: IncomingMessage,
    response: ServerResponse,
    content: string | Uint8Array,
    name: string,
  ): void {
    const all = options.damaged === true && isLarge(name) ? Buffer.alloc(bytesOf(content).length) : bytesOf(content);
    const start = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const rest = all.subarray(start);
    const range = start > 0 ? { 'content-range': `bytes ${start}-${all.length - 1}/${all.length}` } : {};
    response.writeHead(start > 0 ? 206 : 200, { 'content-length': rest.length, ...range });
    const limit = options.cutAfter;
    if (limit === undefined || rest.length <= limit || cut.has(name)) return void response.end(rest);
    cut.add(name);
    response.write(rest.subarray(0, limit), () => response.destroy());
  }

  return {
    address,
    requests,
    uploads,
    commitOf: (key) => commitOfFiles(options.repositories[key]!.files),
    close: async () => {
      await Promise.all([hub, store].map((server) => closed(server)));
    },
  };
}

/** The files of a commit: small ones inside it, large ones as they came to the store before. */
function committed(body: Buffer, objects: ReadonlyMap<string, Buffer>): Record<string, Uint8Array> {
  type Line = { key: string; value: { path: string; content: string; oid: string } };
  const lines = body
    .toString()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
  return Object.fromEntries(
    lines.flatMap(({ key, value }): [string, Uint8Array][] => {
      if (key === 'file') return [[value.path, Buffer.from(value.content, 'base64')]];
      return key === 'lfsFile' ? [[value.path, objects.get(value.oid)!]] : [];
    }),
  );
}

function entryOf([path, content]: [string, string | Uint8Array]): object {
  const bytes = bytesOf(content);
  const lfs = isLarge(path) ? { lfs: { oid: sha('sha256', bytes), size: bytes.length, pointerSize: 134 } } : {};
  return { type: 'file', path, size: bytes.length, oid: gitId(bytes), ...lfs };
}

function commitOfFiles(files: Record<string, string | Uint8Array>): string {
  return sha('sha1', JSON.stringify(Object.entries(files).map(([name, content]) => [name, gitId(bytesOf(content))])));
}

function json(response: ServerResponse, status: number, body: unknown, code?: string): true {
  const headers = code === undefined ? {} : { 'x-error-code': code };
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  return true;
}

function drain(request: IncomingMessage, then: (body: Buffer) => void): void {
  const parts: Buffer[] = [];
  request.on('data', (part: Buffer) => parts.push(part)).on('end', () => then(Buffer.concat(parts)));
}

function listen(server: Server): Promise<string> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => {
    server.close(() => resolve());
  });
}
