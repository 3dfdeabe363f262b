import { describe, expect, it } from 'vitest';
import {
  openDatasetImport,
  openEvaluationImport,
  openSuiteImport,
  parseFieldMap,
} from '../../src-main/imports/index.ts';
import type { SampleResult } from '../../src-main/shared/domain/evaluations.ts';
import { entriesOf, read, sharedIsThere, sharedNote, sharedPath } from './fixtures.ts';

interface Counts {
  paired: number;
  rightLeft: number;
  rightRight: number;
  negative: number;
  positive: number;
}

/** Pairs two evaluations by sample id and counts verdict flips; only right and wrong count. */
function compare(left: readonly SampleResult[], right: readonly SampleResult[]): Counts {
  const others = new Map(right.map((row) => [row.sampleId, row.verdict]));
  const pairs = left.flatMap((row) => (others.has(row.sampleId) ? [[row.verdict, others.get(row.sampleId)]] : []));
  const count = (l: string, r: string): number => pairs.filter(([a, b]) => a === l && b === r).length;
  return {
    paired: pairs.length,
    rightLeft: left.filter(({ verdict }) => verdict === 'right').length,
    rightRight: right.filter(({ verdict }) => verdict === 'right').length,
    negative: count('right', 'wrong'),
    positive: count('wrong', 'right'),
  };
}

describe.skipIf(!sharedIsThere)(`real files of other tools${sharedNote}`, () => {
  it('reads GSM8K’s nested verdicts through a mapping', async () => {
    const open = (model: string): Promise<{ rows: SampleResult[] }> =>
      read(
        openEvaluationImport(sharedPath('gsm8k/example_model_solutions.jsonl'), {
          map: parseFieldMap(
            `prompt=question,target=ground_truth,output=${model}.solution,correct=${model}.is_correct`,
          ),
        }),
      );
    const counts = compare((await open('6b_finetuning')).rows, (await open('6b_verification')).rows);
    expect(counts).toEqual({ paired: 1319, rightLeft: 286, rightRight: 515, negative: 64, positive: 293 });
  });

  it('reads lm-eval folders', async () => {
    const left = await read(openEvaluationImport(sharedPath('lm_eval/base_15M')));
    const right = await read(openEvaluationImport(sharedPath('lm_eval/dpo_15M')));
    expect(compare(left.rows, right.rows)).toEqual({
      paired: 397,
      rightLeft: 284,
      rightRight: 256,
      negative: 39,
      positive: 11,
    });
    expect(left.rows[0]).toMatchObject({
      sampleId: 'tinystories_cloze/0',
      target: ' hurt',
      output: null,
      score: -5.770158290863037,
      verdict: 'wrong',
      metrics: { perplexity: -5.770158290863037 },
      slices: ['tinystories_cloze'],
    });
    expect(left.stream.metadata()).toMatchObject({
      format: 'lm-eval',
      tool: { name: 'lm-evaluation-harness', version: '0.4.13' },
      models: ['models/base_15M'],
      decoding: null,
      rows: 397,
      problems: 0,
    });
  });

  it('reads AlpacaEval folders', async () => {
    const left = await read(openEvaluationImport(sharedPath('alpaca_eval/phi-2-sft')));
    const right = await read(openEvaluationImport(sharedPath('alpaca_eval/phi-2-dpo')));
    expect(compare(left.rows, right.rows)).toEqual({
      paired: 805,
      rightLeft: 551,
      rightRight: 662,
      negative: 27,
      positive: 138,
    });
    expect(left.rows.filter(({ verdict }) => verdict === null)).toHaveLength(1);
    expect(new Set(left.rows.flatMap(({ slices }) => slices ?? []))).toEqual(
      new Set(['helpful_base', 'koala', 'oasst', 'selfinstruct', 'vicuna']),
    );
  });

  it('reads Inspect logs of both formats', async () => {
    const archive = await read(openEvaluationImport(sharedPath('inspect/mmlu-summary-choices.eval')));
    expect(
      archive.rows.map(({ sampleId, output, target, verdict }) => ({ sampleId, output, target, verdict })),
    ).toEqual([{ sampleId: '1', output: 'ANSWER: C', target: 'A', verdict: 'wrong' }]);
    expect(archive.stream.metadata()).toMatchObject({ models: ['openai/gpt-4o'], decoding: { temperature: 0 } });
    const document = await read(openEvaluationImport(sharedPath('inspect/2025-05-12T20-28-13-04-00_popularity.json')));
    expect(document.rows.map(({ output, verdict }) => [output, verdict])).toEqual([
      ['Yes', 'right'],
      ['No', 'right'],
      ['No', 'wrong'],
    ]);
    expect(document.stream.metadata().notes).toEqual(["The log's status is “cancelled”: samples may be missing."]);
  });

  it('reads a ShareGPT preference file and lists of stories', async () => {
    const preference = await read(openDatasetImport(sharedPath('preference/dpo_en_demo.json')));
    expect([preference.rows.length, preference.problems]).toEqual([300, []]);
    expect(preference.rows.every(({ kind }) => kind === 'preference')).toBe(true);
    const words = await read(openSuiteImport(sharedPath('tinystories/tinystories_1000.json'), { kind: 'words' }));
    expect([words.rows.length, new Set(words.rows.map(({ id }) => id)).size]).toEqual([1000, 1000]);
    const cloze = await entriesOf(await openSuiteImport(sharedPath('lm_eval/cloze.jsonl'), { kind: 'cloze' }));
    expect(cloze).toHaveLength(397);
  });
});
