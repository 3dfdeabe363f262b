import { expect, test } from 'vitest';
import { flipsOut } from '../../src-main/reports/flips-out.ts';
import type { OutgoingFlip } from '../../src-main/reports/flips-out.ts';

const of = { comparison: 'old → new', filter: 'negative' };
function flip(sampleKey: number, changes: Partial<OutgoingFlip> = {}): OutgoingFlip {
  return {
    sampleKey,
    sampleId: `s${sampleKey}`,
    kind: 'negative',
    prompt: 'What is 9 + 9?',
    target: '18',
    leftOutput: 'It is 18.',
    rightOutput: 'It is 20.',
    changes: ['other-answer'],
    ...changes,
  };
}

test('pairs prefer the right answer, whichever side it is on', () => {
  const { files, written, leftOut } = flipsOut(
    'trl',
    [
      flip(1),
      flip(2, { kind: 'positive' }),
      flip(3, { kind: 'kept-wrong' }),
      flip(4, { rightOutput: null }),
      flip(5, { rightOutput: 'It is 18.' }),
    ],
    of,
  );
  expect(files[0]?.text).toBe(
    '{"prompt":"What is 9 + 9?","chosen":"It is 18.","rejected":"It is 20."}\n' +
      '{"prompt":"What is 9 + 9?","chosen":"It is 20.","rejected":"It is 18."}\n',
  );
  expect([written, leftOut]).toEqual([
    2,
    [
      { count: 1, why: 'did not flip: neither answer is to be preferred' },
      { count: 1, why: 'have no text on a side' },
      { count: 1, why: 'are the same text on both sides' },
    ],
  ]);
});

test('promptfoo gets each prompt as it stands, braces included, and the target to look for', () => {
  const { files } = flipsOut('promptfoo', [flip(1), flip(2, { prompt: 'Fill {{name}} in', target: null })], of);
  expect(JSON.parse(files[0]?.text ?? '')).toEqual({
    description: 'old → new: negative',
    prompts: ['{{prompt}}'],
    tests: [
      {
        description: 's1',
        vars: { prompt: 'What is 9 + 9?' },
        assert: [{ type: 'icontains', value: '18' }],
      },
      { description: 's2', vars: { prompt: '{% raw %}Fill {{name}} in{% endraw %}' } },
    ],
  });
});

test('an lm-eval task has its documents next to it, without those that have no target', () => {
  const { files, written, leftOut } = flipsOut('lm-eval', [flip(1), flip(2, { target: null })], of);
  expect([written, leftOut[0]?.count]).toEqual([1, 1]);
  expect(files[0]?.text).toContain('doc_to_text: prompt\ndoc_to_target: target');
  expect(files[1]).toEqual({ suffix: '.jsonl', text: '{"id":"s1","prompt":"What is 9 + 9?","target":"18"}\n' });
});

test('an issue says what the set is, its groups, and shows texts that stay texts', () => {
  const hostile = '```\n# not a heading';
  const flips = Array.from({ length: 12 }, (_, i) => flip(i + 1, { rightOutput: i === 0 ? hostile : 'It is 20.' }));
  const text = flipsOut('issue', flips, of).files[0]?.text ?? '';
  expect(text.match(/^#### /gm)).toHaveLength(10);
  expect(text.split('\n')[0]).toBe('## old → new: 12 samples');
  expect(text).toContain('- 12: Other answer: “20” instead of “18”');
  expect(text).not.toMatch(/^```\n```/m);
});
