import { describe, expect, it } from 'vitest';
import { parseFieldMap } from '../../src-main/imports/index.ts';
import { assistant, rowReader, user } from './dataset-rows.ts';
import { failureOf, tempFolder } from './fixtures.ts';

const folder = tempFolder();
const rowsOf = rowReader(folder);

describe('mapping of datasets', () => {
  const records = [{ q: { text: 'Hi' }, good: 'Hello', bad: 'No.', n: 5 }];

  it('makes the kind of row that the mapped fields amount to', async () => {
    const kindOf = async (map: string): Promise<unknown> =>
      (await rowsOf(records, { format: 'jsonl', map: parseFieldMap(map) })).rows;
    expect(await kindOf('prompt=q.text,chosen=good,rejected=bad,id=n')).toEqual([
      { kind: 'preference', id: '5', prompt: 'Hi', chosen: 'Hello', rejected: 'No.' },
    ]);
    expect(await kindOf('prompt=q.text,completion=good')).toEqual([
      { kind: 'completion', id: '', prompt: 'Hi', completion: 'Hello' },
    ]);
    expect(await kindOf('text=good')).toEqual([{ kind: 'completion', id: '', prompt: '', completion: 'Hello' }]);
    expect(await kindOf('prompt=q.text')).toEqual([{ kind: 'prompt', id: '', prompt: 'Hi' }]);
  });

  it('asks for a mapping when the fields do not give it away, with a guess', async () => {
    expect(await failureOf(rowsOf(records))).toMatch(
      /a mapping is needed\. — Map .* to the fields there are: q\.text, good, bad, n/,
    );
    expect(await failureOf(rowsOf(records, { map: { prompt: 'q.text', label: 'n' }, format: 'alpaca' }))).toMatch(
      /takes only id and tags/,
    );
    expect(await failureOf(rowsOf(records, { map: { label: 'n' }, format: 'jsonl' }))).toMatch(/makes no training row/);
  });

  it('leaves ids of the source aside when told to', async () => {
    const twice = [
      { id: 'x', text: 'a' },
      { id: 'x', text: 'b' },
    ];
    expect((await rowsOf(twice)).problems).toEqual(['2 duplicate-id id']);
    expect((await rowsOf(twice, { map: { id: null } })).problems).toEqual([]);
  });
});

describe('labels in every spelling', () => {
  const ups: unknown[] = [true, 1, 1.0, '1', 'true', 'True', 'yes', 'good', '👍', 'up', 'WAHR'];
  const downs: unknown[] = [false, 0, '0', 'false', 'FALSE', 'no', 'bad', '👎', 'down', 'FAUX'];
  const carriers: [string, (label: unknown) => object][] = [
    ['trl', (label) => ({ prompt: 'q', completion: 'a', label })],
    ['alpaca', (kto_tag) => ({ instruction: 'q', output: 'a', kto_tag })],
    ['alpaca with label', (label) => ({ instruction: 'q', input: 'i', output: 'a', label })],
    ['messages', (label) => ({ messages: [user('q'), assistant('a')], label })],
    ['messages with kto_tag', (kto_tag) => ({ messages: [user('q'), assistant('a')], kto_tag })],
    [
      'sharegpt',
      (kto_tag) => ({
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
        kto_tag,
      }),
    ],
    [
      'sharegpt with label',
      (label) => ({
        conversations: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
        label,
      }),
    ],
  ];

  it.each(carriers)('%s', async (_format, record) => {
    const { rows, problems } = await rowsOf([...ups, ...downs].map(record));
    expect(problems).toEqual([]);
    expect(rows.map((row) => [row.kind, 'label' in row && row.label])).toEqual([
      ...ups.map(() => ['unpaired', true]),
      ...downs.map(() => ['unpaired', false]),
    ]);
  });

  it.each(carriers)('%s: a word that says neither is counted, and no answer to learn from', async (_format, record) => {
    const { problems } = await rowsOf([record(true), ...['maybe', 2, {}].map(record)]);
    expect(problems.map((problem) => problem.split(' ')[1])).toEqual(Array(3).fill('unknown-verdict'));
  });
});

describe('what a chat template renders is kept', () => {
  const call = { id: 'c1', type: 'function', function: { name: 'get', arguments: '{"city":"Paris"}' } };
  const kept = { type: 'function', id: 'c1', function: { name: 'get', arguments: { city: 'Paris' } } };
  const tools = [{ type: 'function', function: { name: 'get', parameters: {} } }];

  it('tool calls, names, ids, reasoning and tools', async () => {
    const turns = [
      { ...user('w?'), name: 'ann' },
      { role: 'assistant', content: null, tool_calls: [call], reasoning_content: 'hm' },
      { role: 'tool', name: 'get', tool_call_id: 'c1', content: '18', tool_calls: null },
      assistant('18 C'),
    ];
    const { rows, problems } = await rowsOf([
      { messages: turns, tools },
      { messages: turns, tools: JSON.stringify(tools) },
    ]);
    expect(problems).toEqual([]);
    const row = {
      prompt: [
        { role: 'user', content: 'w?', name: 'ann' },
        { role: 'assistant', content: '', tool_calls: [kept], reasoning_content: 'hm' },
        { role: 'tool', content: '18', name: 'get', tool_call_id: 'c1' },
      ],
      completion: [assistant('18 C')],
      tools,
    };
    expect(rows).toMatchObject([row, row]);
  });

  it('tells pairs apart that differ in a tool call alone, and keeps an answer that is nothing else', async () => {
    const turn = (name: string): object => ({
      role: 'assistant',
      content: null,
      tool_calls: [{ function: { name, arguments: {} } }],
    });
    const { rows, problems } = await rowsOf([
      { prompt: [user('q')], chosen: [turn('a')], rejected: [turn('b')] },
      { prompt: [user('q')], chosen: [turn('a')], rejected: [turn('a')] },
      { prompt: [user('q')], chosen: [turn('a')], rejected: [assistant('no')] },
    ]);
    expect(problems).toEqual(['2 identical rejected']);
    expect(rows).toMatchObject([
      { chosen: [{ content: '', tool_calls: [{ type: 'function', function: { name: 'a', arguments: {} } }] }] },
      { rejected: [assistant('no')] },
    ]);
  });

  it('ShareGPT’s function_call turns, and reasoning that is a part of the content', async () => {
    const { rows } = await rowsOf([
      {
        conversations: [
          { from: 'human', value: 'w?' },
          { from: 'function_call', value: '{"name": "get", "arguments": {"city": "Paris"}}' },
          { from: 'observation', value: '18' },
          { from: 'gpt', value: '18 C' },
        ],
        tools: JSON.stringify(tools),
      },
    ]);
    expect(rows[0]).toMatchObject({
      prompt: [
        user('w?'),
        { role: 'assistant', tool_calls: [{ function: { name: 'get', arguments: { city: 'Paris' } } }] },
        { role: 'tool', content: '18' },
      ],
      tools,
    });
    const parts = [
      { type: 'thinking', thinking: 'so' },
      { type: 'text', text: 'a' },
    ];
    expect((await rowsOf([{ messages: [user('q'), { role: 'assistant', content: parts }] }])).rows[0]).toMatchObject({
      completion: [{ role: 'assistant', content: 'a', reasoning_content: 'so' }],
    });
  });

  it('refuses a call without a name by naming the field', async () => {
    const record = { messages: [user('q'), { role: 'assistant', content: '', tool_calls: [{ function: {} }] }] };
    expect((await rowsOf([{ text: 'fine', messages: [user('q'), assistant('a')] }, record])).problems).toEqual([
      '2 wrong-type messages[1].tool_calls[0]',
    ]);
  });
});
