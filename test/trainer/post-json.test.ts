import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { scoreAnswers } from '../../src-main/engine/evaluate/scorers.ts';
import { allowEndpoints, endpointOrigin, keyFor, requireAllowedEndpoint } from '../../src-main/system/endpoints.ts';
import { testPattern } from '../../src-main/trainer/patterns.ts';
import { createPostJson } from '../../src-main/trainer/post-json.ts';

afterEach(() => vi.unstubAllEnvs());

/** A real endpoint that answers as the list says, the last answer for ever; what it was asked. */
async function endpoint(answers: ((response: ServerResponse) => void)[]) {
  const asked: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    asked.push(request.headers);
    request.resume().on('end', () => (answers[Math.min(asked.length, answers.length) - 1] ?? answers[0])?.(response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { asked, origin, url: `${origin}/v1/chat/completions` };
}

const say =
  (status: number, text = '{}', headers = {}) =>
  (response: ServerResponse) =>
    void response.writeHead(status, headers).end(text);
const never = (): void => {};
const post = (changes: { timeoutMs?: number; signal?: AbortSignal } = {}) =>
  createPostJson({ signal: new AbortController().signal, pauseMs: 1, ...changes });

describe('a post to a judge', () => {
  test('goes to nobody who was not allowed', async () => {
    const { asked, url } = await endpoint([say(200)]);
    vi.stubEnv('FLIPGUARD_JUDGE_KEY', 'sk-secret');
    await expect(post()(url, {})).rejects.toMatchObject({
      code: 'bad-input',
      remedy: expect.stringContaining('--allow-endpoint http://127.0.0.1') as string,
    });
    expect(asked).toEqual([]);
  });

  test('carries the key to the origin it was given for, and to no other', async () => {
    const mine = await endpoint([say(200)]);
    const other = await endpoint([say(200)]);
    vi.stubEnv('FLIPGUARD_JUDGE_KEY', 'sk-secret');
    vi.stubEnv('FLIPGUARD_JUDGE_URL', `${mine.origin}/v1`);
    vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', `${mine.origin}, ${other.origin}`);
    await post()(mine.url, {});
    await post()(other.url, {});
    expect([mine.asked[0]?.authorization, other.asked[0]?.authorization]).toEqual(['Bearer sk-secret', undefined]);
  });

  test('is tried three times where the fault may pass, and waits as long as it is told', async () => {
    const passing = await endpoint([say(503), say(429, '', { 'retry-after': '0' }), say(200, '{"a":1}')]);
    const broken = await endpoint([say(500)]);
    const wrong = await endpoint([say(404)]);
    vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', [passing, broken, wrong].map(({ origin }) => origin).join(','));
    expect(await post()(passing.url, {})).toEqual({ a: 1 });
    await expect(post()(broken.url, {})).rejects.toMatchObject({ code: 'unavailable' });
    await expect(post()(wrong.url, {})).rejects.toMatchObject({ code: 'unavailable' });
    expect([passing.asked.length, broken.asked.length, wrong.asked.length]).toEqual([3, 3, 1]);
  });

  test('follows no redirect', async () => {
    const target = await endpoint([say(200)]);
    const from = await endpoint([say(307, '', { location: target.url })]);
    vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', `${from.origin},${target.origin}`);
    await expect(post()(from.url, {})).rejects.toThrow(/not followed/);
    expect(target.asked).toEqual([]);
  });

  test('ends in time, ends with a stop, and takes no endless reply', async () => {
    const silent = await endpoint([never]);
    const endless = await endpoint([say(200, `"${'x'.repeat(5 << 20)}"`)]);
    vi.stubEnv('FLIPGUARD_ALLOW_ENDPOINTS', `${silent.origin},${endless.origin}`);
    await expect(post({ timeoutMs: 30 })(silent.url, {})).rejects.toThrow(/did not answer in time/);
    const stop = new AbortController();
    const waiting = post({ signal: stop.signal })(silent.url, {});
    stop.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
    await expect(post()(endless.url, {})).rejects.toThrow(/more than a judge’s reply/);
  });
});

test('an address is an origin over https, or on this machine; a permission is for an origin', () => {
  expect(endpointOrigin('https://api.example.com/v1')).toBe('https://api.example.com');
  expect(endpointOrigin('http://127.0.0.1:8000/v1')).toBe('http://127.0.0.1:8000');
  for (const bad of [
    'http://example.com/v1',
    'ftp://x/',
    'file:///etc/passwd',
    'x',
    'https://me:secret@example.com',
    'http://127.0.0.1.example.com',
    'http://10.0.0.1',
  ])
    expect(() => endpointOrigin(bad), bad).toThrow(expect.objectContaining({ code: 'bad-input' }) as Error);
  const env: NodeJS.ProcessEnv = { FLIPGUARD_JUDGE_KEY: 'k' };
  allowEndpoints(['https://a.example/v1'], env);
  expect(requireAllowedEndpoint('https://a.example/other', 'x', env)).toBe('https://a.example');
  for (const other of ['https://a.example:444/', 'https://b.a.example/', 'https://a.example.evil/'])
    expect(() => requireAllowedEndpoint(other, 'x', env), other).toThrow();
  expect([keyFor('https://a.example/v1', env), keyFor('https://b.example', env)]).toEqual(['k', null]);
  allowEndpoints(['https://b.example'], env);
  // Two origins, and nobody has said whose the key is.
  expect(keyFor('https://a.example/v1', env)).toBe(null);
});

test('a judgement that fails is a missing verdict; a few are asked for at once, and their order stays', async () => {
  let now = 0;
  let most = 0;
  const reasons: string[] = [];
  const postJson = async (_url: string, body: unknown) => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => setImmediate(resolve));
    now -= 1;
    const text = JSON.stringify(body);
    if (text.includes('output 3')) return { nothing: 'useful' };
    const content = text.includes('output 5') ? 'no' : '{"score": 9, "verdict": "right"}';
    return { choices: [{ message: { content } }] };
  };
  const scorer = { kind: 'judge', endpoint: 'https://j.example/v1', model: 'j', rubric: 'r' } as const;
  const answers = Array.from({ length: 10 }, (_, i) => ({ prompt: 'p', output: `output ${i}` }));
  const judged = await scoreAnswers(scorer, answers, {
    lexicon: new Map(),
    rewardModel: null,
    postJson,
    onUnjudged: (reason) => reasons.push(reason),
  });
  expect(judged.map(({ verdict }) => verdict)).toEqual(answers.map((_, i) => (i === 3 || i === 5 ? null : 'right')));
  expect([most, reasons.length]).toEqual([4, 1]);
});

test('a pattern that backtracks without end leaves the verdict missing', async () => {
  const tools = { lexicon: new Map(), rewardModel: null, postJson: () => Promise.reject(new Error()), testPattern };
  const hostile = ['^(?:.|\\s|.)*\\u0001$', '^(a+)+$', '(x+x+)+y'];
  const answers = hostile.map((target) => ({ prompt: 'p', target, output: `${'a'.repeat(5000)}${'x'.repeat(5000)}!` }));
  const fair = { prompt: 'p', target: '^a+x+!$', output: 'aaaxx!' };
  expect((await scoreAnswers({ kind: 'regex' }, [...answers, fair], tools)).map(({ verdict }) => verdict)).toEqual([
    null,
    null,
    null,
    'right',
  ]);
});
