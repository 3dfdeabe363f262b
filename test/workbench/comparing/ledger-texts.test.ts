import { describe, expect, it } from 'vitest';
import type { SampleDetail } from '../../../src-main/shared/domain/flip-view.ts';
import { ledgerTexts } from '../../../src-main/workbench/comparing/samples.ts';

function sample(prompt: string, target: string | null, left: string | null, right: string | null): SampleDetail {
  const side = (evaluationId: string, output: string | null) => ({
    evaluationId,
    output,
    score: null,
    verdict: null,
    metrics: {},
  });
  return {
    sampleKey: 1,
    sampleId: 'a',
    kind: 'negative',
    kindAsEvaluated: 'negative',
    continues: false,
    delta: null,
    prompt,
    target,
    rejected: null,
    cluster: null,
    slices: [],
    tags: [],
    left: side('left', left),
    right: side('right', right),
    annotation: null,
    stability: null,
    changes: [],
    parting: null,
  };
}
const responses = (one: SampleDetail, delimiter: string) =>
  ledgerTexts(one, { context: one.prompt, delimiter }).map(({ part, response }) => [part, response]);

describe('texts of a token ledger', () => {
  it('follow their prompt as they did when they were evaluated', () => {
    expect(responses(sample('she wanted to', 'play', 'play', 'help'), ' ')).toEqual([
      ['target', ' play'],
      ['right-output', ' help'],
    ]);
  });
  it('get no second blank, and none at the beginning of a text', () => {
    expect(responses(sample('to ', 'play', ' go', null), ' ')).toEqual([
      ['target', 'play'],
      ['left-output', ' go'],
    ]);
    expect(responses(sample('', 'Once', null, null), ' ')).toEqual([['target', 'Once']]);
  });
  it('of a pair are the chosen and the rejected response', () => {
    expect(responses({ ...sample('q', ' yes', null, null), rejected: ' no' }, '')).toEqual([
      ['chosen', ' yes'],
      ['rejected', ' no'],
    ]);
  });
  it('are one where both sides answered alike', () => {
    expect(responses(sample('q', null, 'same', 'same'), '')).toEqual([['output', 'same']]);
  });
});
