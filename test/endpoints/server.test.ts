import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkedEndpoint } from '../../src-main/endpoints/address.ts';
import { parseAnswer, parsePromptLogProbs } from '../../src-main/endpoints/protocol.ts';
import { inOrder, openServer } from '../../src-main/endpoints/server.ts';

interface Asked {
  path: string;
  body: Record<string, unknown>;
  authorization: string | undefined;
}
type Play = (asked: Asked, response: ServerResponse, count: number) => void;

/** A server that plays what others were seen to say. */
async function play(respond: Play): Promise<{ url: string; asked: Asked[] }> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void bodyOf(request).then((body) => {
      const one = { path: request.url ?? '', body, authorization: request.headers.authorization };
      asked.push(one);
      respond(one, response, asked.length);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}

async function bodyOf(request: IncomingMessage): Promise<Record<string, unknown>> {
  let text = '';
  for await (const chunk of request as AsyncIterable<Buffer>) text += chunk.toString('utf8');
  return JSON.parse(text) as Record<string, unknown>;
}

function say(response: ServerResponse, body: unknown, status = 200, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

function open(url: string, more: Record<string, unknown> = {}, env: NodeJS.ProcessEnv = {}) {
  const signal = new AbortController().signal;
  return openServer(checkedEndpoint({ url, model: 'm', ...more }), { fetch, env, signal, firstPauseMs: 1 });
}

const greedy = { temperature: 0, maxNewTokens: 8, seed: 7 };
/** vLLM's completion. */
const vllm = {
  id: 'cmpl-1',
  object: 'text_completion',
  model: 'm',
  choices: [
    { index: 0, text: ' Lily.', logprobs: null, finish_reason: 'length', stop_reason: null, prompt_logprobs: null },
  ],
  usage: { prompt_tokens: 4, total_tokens: 6, completion_tokens: 2, prompt_tokens_details: null },
  system_fingerprint: 'vllm-0.11',
};

describe('a model behind a server', () => {
  it('gets the seed, and answers with tokens, fingerprint and time', async () => {
    const { url, asked } = await play((_asked, response) => say(response, vllm));
    const server = open(url, { keyVariable: 'KEY' }, { KEY: 'secret' });
    const answer = await server.answer('Once', greedy);
    expect(answer).toMatchObject({
      text: ' Lily.',
      promptTokens: 4,
      outputTokens: 2,
      finish: 'length',
      fingerprint: 'vllm-0.11',
    });
    expect(asked[0]).toEqual({
      path: '/v1/completions',
      authorization: 'Bearer secret',
      body: { model: 'm', prompt: 'Once', temperature: 0, seed: 7, stream: false, max_tokens: 8 },
    });
    expect(server.uncontrolled()).toEqual([]);
  });

  it('is asked again after 429, 503, a reply that broke off and a connection that did', async () => {
    const { url, asked } = await play((_asked, response, count) => {
      if (count === 1) return say(response, { error: { message: 'slow down' } }, 429, { 'retry-after': '0' });
      if (count === 2) return say(response, 'loading', 503);
      if (count === 3) return void response.writeHead(200).end('{"choices": [{"te');
      if (count === 4) return void response.destroy();
      say(response, vllm);
    });
    expect((await open(url).answer('Once', greedy)).text).toBe(' Lily.');
    expect(asked).toHaveLength(5);
  });

  it('that stays busy is named with what it said', async () => {
    const { url, asked } = await play((_asked, response) =>
      say(response, { error: { message: 'quota' } }, 429, { 'retry-after': '0' }),
    );
    await expect(open(url).answer('Once', greedy)).rejects.toThrow(/says 429 quota/);
    expect(asked).toHaveLength(6);
  });

  it('without completions is asked as a chat, and the evaluation says so', async () => {
    const ollama = {
      model: 'm',
      message: { role: 'assistant', content: 'Lily.' },
      done_reason: 'stop',
      eval_count: 3,
      prompt_eval_count: 9,
    };
    const { url, asked } = await play(({ path }, response) =>
      path === '/v1/completions' ? say(response, { error: 'not found' }, 404) : say(response, ollama),
    );
    const server = open(url);
    expect(await server.answer('Once', greedy)).toMatchObject({
      text: 'Lily.',
      promptTokens: 9,
      outputTokens: 3,
      finish: 'stop',
    });
    expect((await server.answer('Twice', greedy)).text).toBe('Lily.');
    expect(asked.map(({ path }) => path)).toEqual(['/v1/completions', '/v1/chat/completions', '/v1/chat/completions']);
    expect(server.uncontrolled()).toEqual([
      expect.stringMatching(/no completions/) as string,
      expect.stringMatching(/no fingerprint/) as string,
    ]);
  });

  it('that does not know a field is asked without it', async () => {
    const { url, asked } = await play(({ body }, response) =>
      'seed' in body ? say(response, { detail: "Unexpected keys in the request: {'seed'}" }, 422) : say(response, vllm),
    );
    const server = open(url);
    await server.answer('Once', greedy);
    await server.answer('Twice', greedy);
    expect(asked.map(({ body }) => 'seed' in body)).toEqual([true, false, false]);
    expect(server.uncontrolled()).toEqual(['the server does not take seed, which was left out']);
  });

  it('that refuses the model or the key is not asked again', async () => {
    const { url, asked } = await play((_asked, response) =>
      say(response, { error: { message: 'The model `m` does not exist.' } }, 404),
    );
    await expect(open(url).answer('Once', greedy)).rejects.toThrow(/does not exist/);
    expect(asked).toHaveLength(1);
    const locked = await play((_asked, response) => say(response, { error: { message: 'no key' } }, 401));
    await expect(open(locked.url).answer('Once', greedy)).rejects.toMatchObject({
      remedy: expect.stringContaining('--key-env') as string,
    });
  });

  it('never sends a key to where a redirect points', async () => {
    const other = await play((_asked, response) => say(response, vllm));
    const { url } = await play(
      (_asked, response) => void response.writeHead(307, { location: `${other.url}/completions` }).end('{}'),
    );
    await expect(open(url, { keyVariable: 'KEY' }, { KEY: 'secret' }).answer('Once', greedy)).rejects.toThrow(
      /not followed/,
    );
    expect(other.asked).toEqual([]);
  });

  it('names the variable of a key that is not set', async () => {
    const { url, asked } = await play((_asked, response) => say(response, vllm));
    await expect(open(url, { keyVariable: 'KEY' }).answer('Once', greedy)).rejects.toThrow('KEY is not set');
    expect(asked).toEqual([]);
  });
});

describe('log-probs of a prompt', () => {
  const text = 'The sky is blue';
  const echo = {
    choices: [
      {
        text: 'The sky is blue.',
        logprobs: {
          tokens: ['The', ' sky', ' is', ' blue', '.'],
          token_logprobs: [null, -2, -0.5, -1.5, -0.1],
          text_offset: [0, 3, 7, 10, 15],
          top_logprobs: [null, { ' cat': -1 }, { ' is': -0.5 }, { ' grey': -1 }, { '.': -0.1 }],
        },
      },
    ],
  };
  it('are read up to the end of the text', () => {
    expect(parsePromptLogProbs(echo, text)).toEqual([
      { at: 3, logProb: -2, best: ' cat', isBest: false },
      { at: 7, logProb: -0.5, best: ' is', isBest: true },
      { at: 10, logProb: -1.5, best: ' grey', isBest: false },
    ]);
  });

  it.each([
    ['none', { choices: [{ text: '.', logprobs: null }] }],
    [
      'those of the new token alone',
      { choices: [{ text: '.', logprobs: { tokens: ['.'], token_logprobs: [-1], text_offset: [15] } }] },
    ],
    ['those of a chat', { choices: [{ text: '.', logprobs: { content: [{ token: '.', logprob: -1 }] } }] }],
  ])('are missing where a server sends %s', (_what, body) => {
    expect(parsePromptLogProbs(body, text)).toBeNull();
  });
});

describe('replies', () => {
  it('are read under the names of several servers', () => {
    expect(parseAnswer({ content: 'a', tokens_predicted: 2, tokens_evaluated: 5 })).toMatchObject({
      text: 'a',
      outputTokens: 2,
      promptTokens: 5,
    });
    expect(parseAnswer({ choices: [{ message: { content: null, reasoning_content: 'hm' } }] })).toMatchObject({
      text: '',
    });
    expect([parseAnswer({ choices: [] }), parseAnswer('text'), parseAnswer(null)]).toEqual([null, null, null]);
  });
});

describe('an address', () => {
  it.each([
    ['of another machine without encryption', 'http://gpu-box:8000/v1'],
    ['with a password', 'https://me:secret@api.example.com/v1'],
    ['of a file', 'file:///etc/passwd'],
    ['that is none', 'localhost'],
  ])('%s is refused', (_what, url) => {
    expect(() => checkedEndpoint({ url, model: 'm' })).toThrow();
  });

  it('of another machine is taken with the flag that says so', () => {
    expect(checkedEndpoint({ url: 'http://gpu-box:8000/v1/', model: 'm', plainHttp: true }).url).toBe(
      'http://gpu-box:8000/v1',
    );
    expect(() => checkedEndpoint({ url: 'http://me:pw@gpu-box/v1', model: 'm', plainHttp: true })).toThrow('password');
  });
});

it('work on items keeps their order, so many at a time', async () => {
  let now = 0;
  let most = 0;
  const done = await inOrder([5, 4, 3, 2, 1, 0], 3, async (item) => {
    most = Math.max(most, ++now);
    for (let i = 0; i < item; i += 1) await Promise.resolve();
    now -= 1;
    return item * 10;
  });
  expect([done, most]).toEqual([[50, 40, 30, 20, 10, 0], 3]);
});
