import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { writeFileSync } from 'node:fs';
import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { watchAnswers } from '../../src-main/shells/cli/commands/mcp-answers.ts';
import { createReadServer } from '../../src-main/shells/cli/commands/mcp.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder } from '../helpers/workbench.ts';

async function connected() {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const sides: [string, number][] = [
    ['before', 3],
    ['after', 1],
  ];
  for (const [name, right] of sides) {
    const rows = [0, 1, 2, 3].map((i) => ({
      id: `q${i}`,
      prompt: `question ${i}`,
      output: `${name} ${i}`,
      correct: i < right,
    }));
    const source = path.join(folder, `${name}.jsonl`);
    writeFileSync(source, rows.map((row) => JSON.stringify(row)).join('\n'));
    await workbench.imports.evaluation({ source, name, format: 'auto', map: {} }, quietTask());
  }
  const server = createReadServer(workbench, { task: quietTask() });
  const [near, far] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test', version: '1' });
  await server.connect(far);
  await client.connect(near);
  onTestFinished(() => client.close());
  const ask = async (name: string, given: Record<string, unknown>) => {
    const { content, isError } = await client.callTool({ name, arguments: given });
    const [{ text = '' } = {}] = content as { text?: string }[];
    return {
      isError: isError === true,
      text,
      json: text.startsWith('{') || text.startsWith('[') ? (JSON.parse(text) as unknown) : null,
    };
  };
  return { client, ask };
}

test('an agent lists, compares and reads flips, and what it may do only reads', async () => {
  const { client, ask } = await connected();
  const { tools } = await client.listTools();
  expect(tools.map(({ name, annotations }) => [name, annotations?.readOnlyHint])).toEqual(
    ['list', 'compare', 'flips', 'sample', 'run', 'report'].map((name) => [name, true]),
  );
  const evaluations = (await ask('list', { what: 'evaluations' })).json as { name: string }[];
  expect(evaluations.map(({ name }) => name).sort()).toEqual(['after', 'before']);
  const sides = { old: 'before', new: 'after' };
  const flips = (await ask('flips', sides)).json as { counts: Record<string, number>; rows: { sampleId: string }[] };
  expect({ negative: flips.counts['negative'], ids: flips.rows.map(({ sampleId }) => sampleId).sort() }).toEqual({
    negative: 2,
    ids: ['q1', 'q2'],
  });
  expect((await ask('sample', { ...sides, sampleId: 'q1' })).text).toContain('question 1');
  expect((await ask('report', sides)).text).toMatch(/^# /);
});

test('what is not there is answered with the sentence and the remedy', async () => {
  const { ask } = await connected();
  const { isError, text } = await ask('compare', { old: 'before', new: 'nothing' });
  expect({ isError, text }).toEqual({
    isError: true,
    text: expect.stringContaining('There is no evaluation, run') as string,
  });
});

test('what was asked before the other side stopped asking is answered', async () => {
  const workbench = await openTestWorkbench();
  const server = createReadServer(workbench, { task: quietTask() });
  const [asked, answered] = [new PassThrough(), new PassThrough()];
  const transport = new StdioServerTransport(asked, answered);
  const answers = watchAnswers(transport);
  await server.connect(transport);
  const message = (body: object) => asked.write(`${JSON.stringify({ jsonrpc: '2.0', ...body })}\n`);
  const clientInfo = { name: 'test', version: '1' };
  message({ id: 1, method: 'initialize', params: { protocolVersion: '2025-03-26', capabilities: {}, clientInfo } });
  message({ method: 'notifications/initialized' });
  for (const id of [2, 3]) message({ id, method: 'tools/call', params: { name: 'list', arguments: { what: 'runs' } } });
  message({ id: 4, method: 'tools/call', params: { name: 'run', arguments: { run: 'none' } } });
  const ended = new Promise((resolve) => asked.once('end', resolve));
  asked.end();
  await ended;
  await answers.settled();
  await server.close();
  answered.end();
  const lines = (await text(answered)).trim().split('\n');
  expect(lines.map((line) => (JSON.parse(line) as { id: number }).id).sort()).toEqual([1, 2, 3, 4]);
});
