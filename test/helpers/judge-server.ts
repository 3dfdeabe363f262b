import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface AskedOfJudge {
  system: string;
  user: string;
  /** The header that carries a key. */
  key: string | undefined;
}

/** An OpenAI-compatible server that answers as `reply` says; it ends with the test. */
export async function startJudge(
  reply: (asked: AskedOfJudge, count: number) => string,
): Promise<{ url: string; asked: AskedOfJudge[] }> {
  const asked: AskedOfJudge[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      const { messages } = JSON.parse(text) as { messages: { content: string }[] };
      const [system = '', user = ''] = messages.map(({ content }) => content);
      const one = { system, user, key: request.headers.authorization };
      asked.push(one);
      const body = {
        choices: [{ message: { content: reply(one, asked.length) } }],
        usage: { prompt_tokens: 100, completion_tokens: 2 },
      };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, asked };
}
