import { describe, expect, it } from 'vitest';
import { detectFormat, type ImportPurpose } from '../../src-main/imports/index.ts';
import { failureOf, jsonl, tempFolder } from './fixtures.ts';
import { zipOf } from './zip-fixture.ts';

const folder = tempFolder();
const turn = { role: 'user', content: 'x' };

async function formatOf(content: string | Buffer, purpose?: ImportPurpose): Promise<string> {
  const {
    format,
    container,
    purpose: found,
  } = await detectFormat(folder.write('source', content), purpose === undefined ? {} : { purpose });
  return `${found} ${format} ${container}`;
}

describe('detectFormat', () => {
  it.each([
    ['dataset trl jsonl', jsonl([{ prompt: 'p', chosen: 'a', rejected: 'b' }])],
    ['dataset trl jsonl', jsonl([{ chosen: [turn], rejected: [turn] }])],
    ['dataset trl json', JSON.stringify([{ chosen: 'a', rejected: 'b' }])],
    ['dataset trl csv', 'chosen,rejected\na,b\n'],
    ['dataset unpaired jsonl', jsonl([{ prompt: 'p', completion: 'c', label: true }])],
    ['dataset sharegpt json', JSON.stringify([{ conversations: [{ from: 'human', value: 'x' }] }], null, 2)],
    ['dataset alpaca json', JSON.stringify([{ instruction: 'i', input: '', output: 'o' }])],
    ['dataset prompt-completion jsonl', jsonl([{ prompt: 'p', completion: 'c' }])],
    ['dataset language-modeling jsonl', jsonl([{ messages: [turn] }])],
    ['dataset prompt-only jsonl', jsonl([{ prompt: 'p' }])],
    ['evaluation lm-eval jsonl', jsonl([{ doc_id: 0, resps: [], filtered_resps: [], arguments: [], acc: 1 }])],
    [
      'evaluation alpaca-eval json',
      JSON.stringify([{ instruction: 'i', output_1: 'a', output_2: 'b', generator_2: 'm', preference: 1 }]),
    ],
    ['evaluation alpaca-eval json', JSON.stringify([{ instruction: 'i', output: 'a', generator: 'm', dataset: 'd' }])],
    ['evaluation inspect json', JSON.stringify({ version: 2, eval: { task: 't', model: 'm' }, samples: [] })],
    ['evaluation inspect null', zipOf([{ name: 'header.json', content: '{"eval": {"task": "t"}}' }])],
    ['evaluation promptfoo json', JSON.stringify({ results: { version: 3, results: [{ success: true }] } }, null, 2)],
    ['evaluation jsonl jsonl', jsonl([{ question: 'q', ok: true }])],
  ])('tells %s', async (expected, content) => {
    expect(await formatOf(content)).toBe(expected);
  });

  it('looks past bad first lines, and lets the purpose decide', async () => {
    expect(await formatOf(`{"prompt": "p", oops\n${jsonl([{ prompt: 'p', completion: 'c' }])}`)).toBe(
      'dataset prompt-completion jsonl',
    );
    expect(await formatOf(jsonl([{ prompt: 'p', completion: 'c', correct: true }]), 'evaluation')).toBe(
      'evaluation jsonl jsonl',
    );
    expect(await formatOf(jsonl([{ prompt: 'p', target: 't' }]), 'suite')).toBe('suite jsonl jsonl');
  });

  it('finds Inspect samples behind a header larger than what is looked at', async () => {
    const ids = Array.from({ length: 200_000 }, (_, i) => i);
    const log = {
      version: 2,
      eval: { task: 't', model: 'm', dataset: { sample_ids: ids } },
      samples: [{ id: 1, input: 'q', scores: {} }],
    };
    expect(await formatOf(JSON.stringify(log))).toBe('evaluation inspect json');
  });

  it('knows folders by their files', async () => {
    folder.write('lm/m/samples_t_2026-01-01T00-00-00.0.jsonl', '');
    folder.write('ae/gpt4/annotations.json', '[]');
    folder.write('one/log.eval', zipOf([{ name: 'header.json', content: '{"eval": {"task": "t"}}' }]));
    folder.write('other/readme.md', 'x');
    expect((await detectFormat(folder.path('lm'))).format).toBe('lm-eval');
    expect((await detectFormat(folder.path('ae'))).format).toBe('alpaca-eval');
    expect((await detectFormat(folder.path('one'))).format).toBe('inspect');
    expect(await failureOf(detectFormat(folder.path('other')))).toMatch(
      /^unsupported: The folder other holds no tool’s results/,
    );
    expect(await failureOf(detectFormat(folder.write('some.zip', zipOf([{ name: 'a.txt', content: 'a' }]))))).toMatch(
      /is a zip archive, but not an Inspect log/,
    );
  });

  it('lists what a mapping can name, and suggests one', async () => {
    const path = folder.write(
      'nested.jsonl',
      jsonl([{ question: 'q', model: { is_correct: true, solution: 's' }, 'a.b': 1, turns: [{ x: 1 }] }]),
    );
    expect(await detectFormat(path)).toMatchObject({
      fields: ['question', 'model.is_correct', 'model.solution', '["a.b"]', 'turns[0].x'],
      suggestedMap: { prompt: 'question', correct: 'model.is_correct', output: 'model.solution' },
      needsMap: true,
    });
  });
});
