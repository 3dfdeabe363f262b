import { randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Answered, Question } from '../../shared/domain/serving.ts';
import type { Serving, TextPart } from '../../workbench/serving/serving.ts';
import { createAccess } from '../web/access.ts';
import { noteDefect } from '../defects.ts';
import { ApiError, apiErrorOf, sendError, sendJson } from './api-error.ts';
import { chatChoices, chatLogProbs, completionChoices, legacyLogProbs, usageOf } from './replies.ts';
import type { ReplyHead } from './replies.ts';
import { chatQuestion, chatSchema, completionQuestions, completionSchema, parseRequest } from './requests.ts';
import type { ChatRequest, CompletionRequest } from './requests.ts';

export interface ApiShell {
  /** `http://127.0.0.1:PORT/v1` */
  readonly address: string;
  readonly port: number;
  close(): Promise<void>;
}

export interface ApiOptions {
  /** 0: any free port. */
  port: number;
  /** What clients have to send as their key; null: anybody on this machine may ask. */
  key: string | null;
}

/** Room for a few thousand prompts as token ids. */
const maxBodyBytes = 64 * 2 ** 20;
const maxConnections = 512;
const headersWithinMs = 15_000;

/** OpenAI’s interface on this machine’s loopback: `/v1/models`, `/v1/completions`, `/v1/chat/completions`. */
export async function serveApi(serving: Serving, { port, key }: ApiOptions): Promise<ApiShell> {
  const access = createAccess();
  const created = Math.floor(Date.now() / 1000);

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const left = new AbortController();
    response.on('close', () => left.abort());
    response.on('error', () => left.abort());
    route(request, response, left.signal).catch((error: unknown) => {
      if (left.signal.aborted) return;
      const known = apiErrorOf(error);
      if (known.status === 500) noteDefect('endpoint', error);
      if (!response.headersSent) sendError(response, known);
      else response.end(`data: ${JSON.stringify(known.body())}\n\n`);
    });
  }

  async function route(request: IncomingMessage, response: ServerResponse, left: AbortSignal): Promise<void> {
    if (!access.isLocal(request)) throw new ApiError(403, 'This address is not served here.');
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === '/health' && request.method === 'GET') return sendJson(response, 200, { status: 'ok' });
    if (!hasKey(request, key)) throw new ApiError(401, 'The key is missing or wrong.', { code: 'invalid_api_key' });
    const model = /^\/v1\/models\/(.+)$/.exec(pathname)?.[1];
    if (pathname === '/v1/models' || model !== undefined) {
      if (request.method !== 'GET') throw new ApiError(405, `${pathname} is read with GET.`);
      if (model === undefined) return sendJson(response, 200, { object: 'list', data: serving.models.map(modelOf) });
      return sendJson(response, 200, modelOf(known(decodeURIComponent(model))));
    }
    const isChat = pathname === '/v1/chat/completions';
    if (!isChat && pathname !== '/v1/completions') {
      throw new ApiError(404, `${pathname} is not served: /v1/models, /v1/completions and /v1/chat/completions are.`);
    }
    if (request.method !== 'POST') throw new ApiError(405, `${pathname} is asked with POST.`);
    const body = await readBody(request);
    if (isChat) return chat(parseRequest(chatSchema, body), response, left);
    return complete(parseRequest(completionSchema, body), response, left);
  }

  function modelOf(id: string) {
    return { id, object: 'model', created, owned_by: 'flipguard' };
  }

  function known(name: string): string {
    if (serving.models.includes(name)) return name;
    throw new ApiError(404, `The model ${name} does not exist here. There is: ${serving.models.join(', ')}.`, {
      code: 'model_not_found',
      param: 'model',
    });
  }

  async function complete(request: CompletionRequest, response: ServerResponse, left: AbortSignal): Promise<void> {
    known(request.model);
    const questions = completionQuestions(request);
    const echo = request.echo === true;
    const head: ReplyHead = { id: `cmpl-${randomUUID()}`, created: now(), model: request.model };
    const whole = { ...head, object: 'text_completion' };
    if (request.stream !== true) {
      const answers = await askAll(questions, () => {}, left);
      return sendJson(response, 200, {
        ...whole,
        choices: completionChoices(questions, answers, echo),
        usage: usageOf(answers),
      });
    }
    const stream = openStream(response);
    const begun = new Set<number>();
    const chunk = (index: number, text: string, logprobs: unknown, finish: string | null) =>
      stream.send({ ...whole, choices: [{ index, text, logprobs, finish_reason: finish }] });
    const answers = await askAll(
      questions,
      (part, question, i) => {
        // An echo is known when the answer is whole: it is sent then, in one piece.
        if (echo) return;
        const index = i * question.n + part.choice;
        begun.add(index);
        chunk(index, part.text, question.top === null ? null : legacyLogProbs(part.tokens, part.text, 0), null);
      },
      left,
    );
    for (const choice of completionChoices(questions, answers, echo)) {
      const rest = begun.has(choice.index) ? '' : choice.text;
      chunk(choice.index, rest, begun.has(choice.index) ? null : choice.logprobs, choice.finish_reason);
    }
    stream.end(
      request.stream_options?.include_usage === true ? { ...whole, choices: [], usage: usageOf(answers) } : null,
    );
  }

  async function chat(request: ChatRequest, response: ServerResponse, left: AbortSignal): Promise<void> {
    known(request.model);
    const question = chatQuestion(request);
    const head: ReplyHead = { id: `chatcmpl-${randomUUID()}`, created: now(), model: request.model };
    if (request.stream !== true) {
      const [answered] = await askAll([question], () => {}, left);
      const answers = answered === undefined ? [] : [answered];
      const choices = answers.flatMap((one) => chatChoices(question, one));
      return sendJson(response, 200, { ...head, object: 'chat.completion', choices, usage: usageOf(answers) });
    }
    const stream = openStream(response);
    const chunk = (index: number, delta: object, logprobs: unknown, finish: string | null) =>
      stream.send({
        ...head,
        object: 'chat.completion.chunk',
        choices: [{ index, delta, logprobs, finish_reason: finish }],
      });
    const begun = new Set<number>();
    const begin = (index: number) => {
      if (begun.has(index)) return;
      begun.add(index);
      chunk(index, { role: 'assistant', content: '' }, null, null);
    };
    const answers = await askAll(
      [question],
      ({ choice, text, tokens }) => {
        begin(choice);
        chunk(choice, { content: text }, question.top === null ? null : chatLogProbs(tokens), null);
      },
      left,
    );
    const finished = answers.flatMap((one) => chatChoices(question, one));
    for (const { index, finish_reason: finish } of finished) {
      begin(index);
      chunk(index, {}, null, finish);
    }
    const usage = { ...head, object: 'chat.completion.chunk', choices: [], usage: usageOf(answers) };
    stream.end(request.stream_options?.include_usage === true ? usage : null);
  }

  /** All prompts of a request at once: the child batches them. When one fails, nobody waits for the others. */
  async function askAll(
    questions: readonly Question[],
    onText: (part: TextPart, question: Question, index: number) => void,
    left: AbortSignal,
  ): Promise<Answered[]> {
    const failed = new AbortController();
    const signal = AbortSignal.any([left, failed.signal]);
    try {
      return await Promise.all(
        questions.map((question, i) => serving.ask(question, (part) => onText(part, question, i), signal)),
      );
    } finally {
      failed.abort();
    }
  }

  const server = createServer(answer);
  server.maxConnections = maxConnections;
  server.headersTimeout = headersWithinMs;
  server.requestTimeout = 0;
  await listen(server, port);
  // The server listens on TCP, so its address is an object.
  const { port: taken } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${taken}/v1`,
    port: taken,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}

function hasKey(request: IncomingMessage, key: string | null): boolean {
  if (key === null) return true;
  const given = Buffer.from(/^Bearer\s+(.*)$/i.exec(request.headers.authorization ?? '')?.[1]?.trim() ?? '');
  const wanted = Buffer.from(key);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBodyBytes) throw new ApiError(413, `The request is larger than ${maxBodyBytes / 2 ** 20} MiB.`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    throw new ApiError(400, 'The body is not JSON.');
  }
}

/** Server-sent events, as OpenAI’s clients read them. The headers go with the first one, so that a refusal before it has a status. */
function openStream(response: ServerResponse) {
  const send = (value: unknown) => {
    if (!response.headersSent)
      response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.write(`data: ${JSON.stringify(value)}\n\n`);
  };
  return {
    send,
    end(last: unknown) {
      if (last !== null) send(last);
      response.end('data: [DONE]\n\n');
    },
  };
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const taken = error.code === 'EADDRINUSE';
      const message = taken ? `Port ${port} is taken.` : `Port ${port} cannot be used: ${error.message}.`;
      const remedy = 'Choose another with --port, or leave it out for a free one.';
      reject(new WorkbenchError(taken ? 'conflict' : 'io', message, { remedy }));
    });
    server.listen(port, '127.0.0.1', resolve);
  });
}
