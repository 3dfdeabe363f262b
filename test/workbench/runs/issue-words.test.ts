import { describe, expect, it } from 'vitest';
import { parseSpec } from '../../../src-main/workbench/runs/spec-text.ts';
import { nearestName } from '../../../src-main/shared/presentation/nearest-name.ts';

const messages = (yaml: string) => {
  const parsed = parseSpec({ yaml });
  return parsed.ok ? {} : Object.fromEntries(parsed.issues.map(({ path, message }) => [path, message]));
};
const base = 'name: a\nmodel: m\ndataset: {train: d}\nalgorithm: {kind: dpo}\nsteps: 4\n';

describe('what is wrong with a spec', () => {
  it.each([
    [
      'name: ""\nmodel: ""\ndataset: {train: ""}\nalgorithm: {kind: dpo}\nsteps: 4',
      { name: 'Give the run a name.', model: 'Choose a model.' },
    ],
    ['name: a\ndataset: {train: d}\nalgorithm: {kind: dpo}\nsteps: 4', { model: 'Choose a model.' }],
    [base.replace('steps: 4', 'steps: 1.5'), { steps: 'Must be a whole number.' }],
    [base.replace('steps: 4', 'steps: many'), { steps: 'Must be a number.' }],
    [
      base.replace('steps: 4', 'steps: 0'),
      { steps: expect.stringMatching(/^Must be (at least 1|greater than 0)\.$/) as string },
    ],
    [`${base}optimizer: {learningRate: -1}`, { 'optimizer.learningRate': 'Must be greater than 0.' }],
    [`${base}batch: {size: [1]}`, { 'batch.size': 'Must be a number.' }],
    [
      `${base}guard: {wieght: 2, kind: flipguard}`,
      {
        'guard.wieght': expect.stringMatching(
          /^There is no key “wieght” here\. Did you mean “weight”\? Keys here: .*kind/,
        ) as string,
      },
    ],
    [`${base}optimiser: {}`, { optimiser: expect.stringContaining('Did you mean “optimizer”?') as string }],
    [`${base}zzzz: 1`, { zzzz: expect.stringMatching(/^There is no key “zzzz” here\. Keys here:/) as string }],
  ])('is said in sentences: %j', (yaml, expected) => {
    expect(messages(yaml)).toMatchObject(expected);
  });

  it('is a sentence for every fault the schema can find', () => {
    const all = messages(
      'name: 3\nmodel: [x]\ndataset: 4\nalgorithm: {kind: nothing}\nguard: 7\nsteps: -1\nbatch: {size: 0, maxLength: x}\nevaluate: {suites: 3, every: 0}\nseed: -3',
    );
    expect(Object.keys(all).length).toBeGreaterThan(5);
    expect(Object.values(all).filter((text) => !/^[A-Z“][^]*[.?!]$/.test(text))).toEqual([]);
  });
});

describe('the nearest name', () => {
  it.each([
    ['wieght', ['weight', 'height', 'kind'], 'weight'],
    ['Optimiser', ['optimizer', 'steps'], 'optimizer'],
    ['guard.wieght', ['guard.weight', 'guard.kind'], 'guard.weight'],
    ['zzzz', ['weight'], null],
    ['a', ['b'], 'b'],
    ['', [], null],
  ])('to “%s” among %j is %s', (typed, known, expected) => {
    expect(nearestName(typed, known)).toBe(expected);
  });
});
