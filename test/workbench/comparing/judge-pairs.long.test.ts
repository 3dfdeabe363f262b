import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import { readPreference, verdictOfPair } from '../../../src-main/shared/domain/judging/pairwise.ts';
import type { PairPlan } from '../../../src-main/shared/domain/judging/pairwise.ts';
import type { JudgeCard } from '../../../src-main/shared/domain/judging/judge-card.ts';
import { cardFacts } from '../../../src-main/shared/presentation/judge-card.ts';
import { endpointVariables } from '../../../src-main/system/endpoints.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { documentOf, flipguard, startCli } from '../../helpers/cli.ts';
import { patienceMs } from '../../helpers/patience.ts';
import { openTestWorkbench, temporaryFolder } from '../../helpers/workbench.ts';

beforeEach(() => {
  for (const name of Object.values(endpointVariables)) vi.stubEnv(name, '');
});
afterEach(() => vi.unstubAllEnvs());

/** A reply to each kind of sample: `asked` says how often this very question came before. */
const replies: Record<string, (oldFirst: boolean, asked: number) => string> = {
  better: (oldFirst) => (oldFirst ? '{"better": "B"}' : '```json\n{"better": "A"}\n```'),
  worse: (oldFirst) => (oldFirst ? 'A' : '<think>Is it "better": "A"? No.</think>{"better":"B"}'),
  // Whatever comes first.
  order: () => '{"better": "A"}',
  alike: () => 'tie',
  // Another answer when it is asked once more.
  fickle: (oldFirst, asked) => ((asked === 0) === oldFirst ? '{"better": "B"}' : '{"better": "A"}'),
  silent: () => 'I would rather not say.',
};
const kinds = ['better', 'better', 'worse', 'order', 'alike', 'fickle', 'silent', 'same'];

/** `hang`: from this request on, nothing is answered. */
async function judge(hang = { from: Infinity }) {
  const questions: string[] = [];
  const seen = new Map<string, number>();
  const systems = new Set<string>();
  let requests = 0;
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (part: string) => (text += part));
    request.on('end', () => {
      requests += 1;
      // The third request finds it busy.
      if (requests === 3) return void response.writeHead(503, { 'retry-after': '0' }).end();
      const { messages } = JSON.parse(text) as { messages: { content: string }[] };
      const [system = '', user = ''] = messages.map(({ content }) => content);
      questions.push(user);
      systems.add(system);
      if (requests >= hang.from) return;
      const asked = seen.get(user) ?? 0;
      seen.set(user, asked + 1);
      const kind = /About (\w+)/.exec(user)?.[1] ?? '';
      const content = replies[kind]?.(user.includes('Answer A:\nold'), asked) ?? 'no such sample';
      const body = { choices: [{ message: { content } }], usage: { prompt_tokens: 100, completion_tokens: 5 } };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`, systems, asked: questions };
}

async function sides() {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  for (const side of ['old', 'new', 'second']) {
    const rows = kinds.map((kind, i) => {
      const output = kind === 'same' ? 'the very same' : `${side} answer ${i}`;
      return { id: `s${i}`, prompt: `${i}: About ${kind}`, output, correct: true };
    });
    const source = path.join(folder, `${side}.jsonl`);
    writeFileSync(source, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    await workbench.imports.evaluation({ source, name: side }, quietTask());
  }
  const { root } = workbench.core.layout;
  await workbench.close();
  return root;
}

test('a judge is asked in both orders, order decides nothing, and its card is kept, printed, and shown with a comparison', async () => {
  const root = await sides();
  const { url, systems } = await judge();
  const ask = (...more: string[]) =>
    flipguard(
      root,
      ...['--allow-endpoint', url, 'judge', 'old', 'new', '--judge', url, '--judge-model', 'm'],
      ...['--rubric', 'Which is kinder?', '--price', '1,10', ...more],
    );
  const answer = await ask('--name', 'judged', '--json');
  const told = documentOf<{ card: JudgeCard; newBetter: number; oldBetter: number; ties: number; missing: number }>(
    answer,
  );
  const { newBetter, oldBetter, ties, missing } = told;
  // Fickle says B with the old one first and A the other way round: the new answer both times, at first.
  expect({ newBetter, oldBetter, ties, missing }).toEqual({ newBetter: 3, oldBetter: 1, ties: 3, missing: 1 });
  expect(told.card).toEqual({
    model: 'm',
    endpoint: new URL(url).origin,
    rubric: 'Which is kinder?',
    ...{ asked: 7, same: 1, judged: 6, consistent: 5, towardsFirst: 1, towardsSecond: 0 },
    // All seven once more in both orders; of six with a reply, fickle changes both.
    ...{ repeated: 12, stable: 10, requests: 28, kept: 0, retries: 1 },
    // Of the six with a verdict both times, fickle’s is another one.
    floor: { from: 'repetition', pairs: 6, changed: 1 },
    ...{ promptTokens: 2800, outputTokens: 140, cost: (2800 * 1 + 140 * 10) / 1e6 },
  });
  expect([...systems]).toEqual([expect.stringContaining('Rubric: Which is kinder?')]);
  expect(answer.stderr).toContain('Prompts, targets and both answers of all 8 samples (7 of them once more) go to');
  const again = await ask('--name', 'once more', '--again', '0', '--samples', '8');
  expect(again.stdout).toMatch(
    /Position consistency: +\S+ % \(\d of 6, 95 % interval \S+ to \S+ %\); where the order decides: \d for/,
  );
  expect(again.stdout).toContain('not known: no question was asked twice');
  expect(again.stderr).toContain('Nothing is sent: every answer about all 8 samples is kept from an earlier attempt.');
  const compared = await flipguard(root, 'compare', 'judged', 'once more');
  expect(compared.stdout).toContain('Judged in pairs, both orders, by m: position consistency 83.3 % (5 of 6,');
});

test('a judging that is killed continues with what is missing, and the floor is what the judge sees change in a second sampling', async () => {
  const root = await sides();
  const hang = { from: 9 };
  const { url, asked } = await judge(hang);
  const command = [
    ...['--allow-endpoint', url, 'judge', 'old', 'new', '--judge', url, '--judge-model', 'm'],
    ...['--rubric', 'Which is kinder?', '--again', '8', '--repeat', 'second', '--key-env', 'KIND_KEY', '--json'],
  ];
  vi.stubEnv('KIND_KEY', 'secret');
  const killed = startCli(root, command);
  const ended = new Promise((resolve) => killed.on('close', resolve));
  // One was busy, seven are answered, four wait for ever.
  await vi.waitUntil(() => asked.length >= 11, { timeout: patienceMs });
  killed.kill('SIGKILL');
  await ended;
  hang.from = Infinity;
  const before = asked.splice(0);
  const plan = documentOf<PairPlan>(await flipguard(root, ...command, '--dry-run'));
  const { requests, kept } = plan;
  // Seven pairs in both orders, the same once more, and seven of the old answers against the second ones.
  expect({ requests, kept, asked }).toEqual({ requests: 42 - 7, kept: 7, asked: [] });
  const { card } = documentOf<{ card: JudgeCard }>(await flipguard(root, ...command));
  expect([asked.length, card.requests, card.kept]).toEqual([35, 42, 7]);
  expect(before.length).toBeGreaterThan(7);
  // Worse: one of three kinds; better: two, and fickle at first. The silent one has no verdict, the same text is a tie.
  expect(card.floor).toEqual({ from: 'again', pairs: 7, worse: 1, better: 3, onlyNew: 0, onlyAgain: 0 });
  expect(cardFacts(card).find(([name]) => name === 'Floor')?.[1]).toMatch(
    /^14\.3 % \(1 of 7, 95 % interval .*\) of second answers by the old model are judged worse than its first, 3 better/,
  );
});

test('nobody is asked without leave, and a judge that is none is told', async () => {
  const root = await sides();
  const flags = ['judge', 'old', 'new', '--judge-model', 'm', '--rubric', 'x'];
  const refused = await flipguard(root, ...flags, '--judge', 'https://judge.example/v1');
  expect([refused.status, refused.stderr]).toEqual([
    2,
    expect.stringContaining('--allow-endpoint https://judge.example'),
  ]);
  const missing = await flipguard(root, ...flags.slice(0, -1), '@no-such-file', '--judge', 'http://127.0.0.1:9/v1');
  expect(missing.stderr).toContain('The rubric no-such-file cannot be read.');
  const without = await flipguard(root, ...flags.slice(0, -2), '--judge', 'http://127.0.0.1:9/v1');
  expect(without.stderr).toContain('were judged before, so there is no rubric.');
  const notAKey = await flipguard(root, ...flags, '--judge', 'http://127.0.0.1:9/v1', '--key-env', 'HOME');
  expect(notAKey.stderr).toContain('keyVariable: does not name a key: such a variable ends in KEY or TOKEN.');
});

test('a preference is read from what judges write', () => {
  const said = [
    '{"better": "A"}',
    ' b. ',
    '**Tie**',
    'Answer B',
    '{"better":"tie"}',
    'A better answer would be',
    '',
    'A and B',
  ];
  expect(said.map(readPreference)).toEqual(['first', 'second', 'tie', 'second', 'tie', null, null, null]);
  expect(verdictOfPair({ oldFirst: 'second', newFirst: 'tie' })).toBe('tie');
  expect(verdictOfPair({ oldFirst: 'second', newFirst: null })).toBeNull();
});
