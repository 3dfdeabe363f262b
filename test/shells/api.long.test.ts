import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import path from 'node:path';
import { onTestFinished, test as plainTest, expect } from 'vitest';
import { checkedEndpoint } from '../../src-main/endpoints/address.ts';
import { serveApi } from '../../src-main/shells/api/server.ts';
import { openServing } from '../../src-main/workbench/serving/serving.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, smallModel, withSmallModel } from '../helpers/workbench.ts';

const test = plainTest.skipIf(smallModel === null);
const shared = path.resolve(import.meta.dirname, '../../../shared');
const hasGolden =
  existsSync(path.join(shared, 'golden/logprobs.json')) && existsSync(path.join(shared, 'models/stories-260k'));

async function openApi(folder: string, key: string | null = null) {
  const workbench = await openTestWorkbench();
  await workbench.models.add(folder, { name: 'm' }, quietTask());
  const serving = await openServing(workbench.core, ['m'], { idleMs: 60_000, say: () => {} }, quietTask());
  const api = await serveApi(serving, { port: 0, key });
  onTestFinished(async () => {
    await api.close();
    await serving.close();
  });
  const post = async (place: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${api.address}${place}`, { method: 'POST', body: JSON.stringify(body), headers });
    const text = await answer.text();
    return { status: answer.status, text, json: text.startsWith('{') ? (JSON.parse(text) as Reply) : null };
  };
  return { workbench, api, post };
}

interface Reply {
  choices: {
    index: number;
    text: string;
    finish_reason: string;
    logprobs: {
      tokens: string[];
      token_logprobs: (number | null)[];
      top_logprobs: (Record<string, number> | null)[];
      text_offset: number[];
    };
  }[];
  usage: { prompt_tokens: number; completion_tokens: number };
  error: { message: string; type: string; param: string | null; code: string | null };
}

plainTest.skipIf(!hasGolden)(
  `log-probs of prompts as token ids are those of transformers, many in one request${hasGolden ? '' : ' (skipped: ../shared/golden is not there)'}`,
  async () => {
    const { post } = await openApi(path.join(shared, 'models/stories-260k'));
    const golden = JSON.parse(readFileSync(path.join(shared, 'golden/logprobs.json'), 'utf8')) as {
      stories260K: { rows: { ids: number[]; token_logprobs: number[] }[] };
    };
    const rows = golden.stories260K.rows.slice(0, 6);
    const { json } = await post('/completions', {
      model: 'm',
      prompt: rows.map(({ ids }) => ids),
      max_tokens: 0,
      echo: true,
      logprobs: 1,
    });
    for (const [i, { token_logprobs: wanted }] of rows.entries()) {
      const got = json?.choices[i]?.logprobs.token_logprobs ?? [];
      const worst = Math.max(...wanted.map((one, t) => Math.abs(one - (got[t + 1] ?? Number.NaN))));
      expect({ first: got[0], tokens: got.length, near: worst <= 1e-3 }).toEqual({
        first: null,
        tokens: wanted.length + 1,
        near: true,
      });
    }
  },
);

test(`what is sampled depends on the seed alone, whatever is asked at the same time${withSmallModel}`, async () => {
  const { post } = await openApi(smallModel ?? '');
  const ask = { model: 'm', prompt: 'Once upon a time', max_tokens: 24, temperature: 1, seed: 5, n: 2 };
  const alone = await post('/completions', ask);
  const together = await Promise.all([
    post('/completions', { ...ask, prompt: 'The dog', seed: 9 }),
    post('/completions', ask),
  ]);
  const texts = (reply: Reply | null) => reply?.choices.map(({ index, text }) => [index, text]);
  expect(texts(together[1].json)).toEqual(texts(alone.json));
  expect(new Set(alone.json?.choices.map(({ text }) => text)).size).toBe(2);
});

test(`a stop string ends the text before it, a stream says the same in pieces, and an echo has log-probs at its offsets${withSmallModel}`, async () => {
  const { post } = await openApi(smallModel ?? '');
  const ask = { model: 'm', prompt: 'Once upon a time', max_tokens: 40, temperature: 0, stop: ['.'] };
  const whole = await post('/completions', ask);
  const [choice] = whole.json?.choices ?? [];
  expect({ dot: choice?.text.includes('.'), why: choice?.finish_reason }).toEqual({ dot: false, why: 'stop' });
  const stream = await post('/completions', { ...ask, stream: true, stream_options: { include_usage: true } });
  const lines = stream.text.split('\n\n').filter((line) => line !== '');
  expect(lines.at(-1)).toBe('data: [DONE]');
  const chunks = lines.slice(0, -1).map((line) => JSON.parse(line.slice(6)) as Reply);
  expect(chunks.flatMap(({ choices }) => choices.map(({ text }) => text)).join('')).toBe(choice?.text);
  expect(chunks.at(-1)?.usage).toEqual(whole.json?.usage);

  const echo = await post('/completions', {
    model: 'm',
    prompt: 'Once upon',
    max_tokens: 1,
    temperature: 0,
    echo: true,
    logprobs: 2,
  });
  const told = echo.json?.choices[0];
  const at = (i: number) => told?.logprobs.tokens[i]?.trimStart() ?? '';
  const found = told?.logprobs.text_offset.map((offset, i) => told.text.slice(offset).trimStart().startsWith(at(i)));
  expect({ text: /^Once upon \S/.test(told?.text ?? ''), offsets: found?.slice(1).every(Boolean) }).toEqual({
    text: true,
    offsets: true,
  });
  for (const [i, top] of (told?.logprobs.top_logprobs ?? []).entries()) {
    if (top === null) continue;
    const own = told?.logprobs.token_logprobs[i] ?? 0;
    expect(own <= Math.max(...Object.values(top))).toBe(true);
    expect(Object.values(top)).toContain(own);
  }
});

test(`what cannot be done is refused in OpenAI’s form, by name${withSmallModel}`, async () => {
  const { post } = await openApi(smallModel ?? '');
  const cases: [unknown, number, Partial<Reply['error']>][] = [
    [{ model: 'other', prompt: 'a' }, 404, { code: 'model_not_found', param: 'model' }],
    [{ model: 'm', prompt: 'a', guided_json: {} }, 400, { param: 'guided_json', type: 'invalid_request_error' }],
    [{ model: 'm', prompt: 'a', temperature: -1 }, 400, { param: 'temperature' }],
    [{ model: 'm', prompt: [] }, 400, { param: 'prompt' }],
    [{ model: 'm', prompt: [1_000_000] }, 400, { type: 'invalid_request_error' }],
    [{ model: 'm', prompt: new Array<number>(5000).fill(1) }, 400, { code: 'context_length_exceeded' }],
  ];
  for (const [body, status, error] of cases) {
    const { json, ...answer } = await post('/completions', body);
    expect({ status: answer.status, error: json?.error }).toMatchObject({ status, error });
  }
  const chat = await post('/chat/completions', { model: 'm', messages: [{ role: 'user', content: 'hi' }] });
  expect({ status: chat.status, says: chat.json?.error.message }).toMatchObject({
    status: 400,
    says: expect.stringContaining('has no chat template') as string,
  });
});

test(`only this machine’s own programs are answered, and only with the key where there is one${withSmallModel}`, async () => {
  const { api } = await openApi(smallModel ?? '', 'secret');
  const status = (headers: Record<string, string>) =>
    new Promise<number | undefined>((resolve, reject) => {
      httpRequest(`${api.address}/models`, { headers }, (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      })
        .on('error', reject)
        .end();
    });
  const key = { authorization: 'Bearer secret' };
  expect({
    right: await status(key),
    none: await status({}),
    wrong: await status({ authorization: 'Bearer secre' }),
    page: await status({ ...key, origin: 'https://example.com' }),
    rebound: await status({ ...key, host: 'example.com' }),
  }).toEqual({ right: 200, none: 401, wrong: 401, page: 403, rebound: 403 });
});

test(`an evaluation through the endpoint finds the same as one of the weights${withSmallModel}`, async () => {
  const { workbench, api } = await openApi(smallModel ?? '');
  await workbench.imports.addSuite('ends', { kind: 'cloze' }, [
    { kind: 'cloze', id: 'a', prompt: 'Once upon a', target: 'time' },
    { kind: 'cloze', id: 'b', prompt: 'She was very', target: 'happy' },
  ]);
  const own = await workbench.evaluations.evaluate('m', 'ends', {}, quietTask());
  const keys = { keyVariable: null, inputPrice: null, outputPrice: null, plainHttp: false };
  const through = await workbench.models.addEndpoint(checkedEndpoint({ url: api.address, model: 'm', ...keys }), 'far');
  const asked = await workbench.evaluations.evaluate(through.id, 'ends', {}, quietTask());
  expect({ right: asked.right, wrong: asked.wrong, missing: asked.missing }).toEqual({
    right: own.right,
    wrong: own.wrong,
    missing: 0,
  });
  expect(asked.meanScore).toBeCloseTo(own.meanScore ?? Number.NaN, 3);
});
