import { describe, expect, it } from 'vitest';
import { openEvaluationImport } from '../../../src-main/imports/index.ts';
import { read, tempFolder } from '../fixtures.ts';
import { readParts } from './parts.ts';

const folder = tempFolder();
const write = (name: string, value: unknown): string => folder.write(name, JSON.stringify(value, null, 2));
const stat = (name: string, mean: number, more: object = {}): object => ({
  name: { name, split: 'test', ...more },
  count: 1,
  sum: mean,
  sum_squared: mean * mean,
  min: mean,
  max: mean,
  mean,
  variance: 0,
  stddev: 0,
});
const dialect = { name: 'dialect', robustness: false, fairness: true, computed_on: 'perturbed', seed: 1 };
const entry = (id: string, stats: object[], more: object = {}): object => ({
  instance_id: id,
  train_trial_index: 0,
  stats,
  ...more,
});
const instance = (id: string, more: object = {}): object => ({
  id,
  input: { text: `Question of ${id}?` },
  references: [
    { output: { text: 'yes' }, tags: ['correct'] },
    { output: { text: 'no' }, tags: [] },
  ],
  split: 'test',
  ...more,
});
const spec = {
  name: 'mmlu:subject=anatomy,method=multiple_choice_joint,model=openai_gpt-4',
  adapter_spec: {
    method: 'multiple_choice_joint',
    model: 'openai/gpt-4',
    temperature: 0,
    max_tokens: 1,
    max_train_instances: 5,
    stop_sequences: ['\n'],
  },
  groups: ['mmlu'],
};
const stats = [
  entry('id1', [stat('num_references', 2), stat('exact_match', 1), stat('quasi_exact_match', 1)]),
  entry('id2', [stat('num_references', 2), stat('exact_match', 0), stat('quasi_exact_match', 1)]),
  entry('id1', [stat('exact_match', 0)], { perturbation: dialect }),
  // Each metric of HELM writes entries of its own.
  entry('id1', [stat('inference_runtime', 0.25)]),
];

describe('HELM', () => {
  it('reads a run with the files of its pages: prompt, answer, verdict, what judged it', async () => {
    const run = 'runs/v1/mmlu:subject=anatomy,method=multiple_choice_joint,model=openai_gpt-4'.replaceAll(':', '-');
    write(`${run}/run_spec.json`, spec);
    write(`${run}/per_instance_stats.json`, stats);
    write(`${run}/instances.json`, [
      instance('id1'),
      instance('id2'),
      instance('id1', { perturbation: dialect, input: { text: 'Q?' } }),
    ]);
    write(`${run}/display_predictions.json`, [
      { instance_id: 'id1', train_trial_index: 0, predicted_text: ' A', mapped_output: 'yes', stats: {} },
      { instance_id: 'id2', train_trial_index: 0, predicted_text: ' B', mapped_output: 'no', stats: {} },
      {
        instance_id: 'id1',
        perturbation: dialect,
        train_trial_index: 0,
        predicted_text: ' B',
        mapped_output: 'no',
        stats: {},
      },
    ]);
    write(`${run}/display_requests.json`, [
      {
        instance_id: 'id1',
        train_trial_index: 0,
        request: { prompt: 'Five examples.\nQuestion of id1?\nA. yes\nB. no\nAnswer:' },
      },
    ]);
    const [part, ...others] = await readParts(folder.path('runs'));
    expect(others).toEqual([]);
    expect(part?.rows.map(({ metrics, ...row }) => ({ ...row, metrics: { ...metrics } }))).toEqual([
      {
        sampleId: 'id1',
        prompt: 'Five examples.\nQuestion of id1?\nA. yes\nB. no\nAnswer:',
        output: 'yes',
        target: 'yes',
        score: 1,
        verdict: 'right',
        metrics: { num_references: 2, quasi_exact_match: 1, inference_runtime: 0.25 },
      },
      {
        sampleId: 'id2',
        prompt: 'Question of id2?',
        output: 'no',
        target: 'yes',
        score: 1,
        verdict: 'wrong',
        metrics: { num_references: 2, quasi_exact_match: 1 },
      },
      {
        sampleId: 'id1~dialect(seed=1)',
        prompt: 'Q?',
        output: 'no',
        target: 'yes',
        score: null,
        verdict: 'wrong',
        slices: ['perturbation=dialect(seed=1)'],
        metrics: {},
      },
    ]);
    expect(part?.said).toMatchObject({
      tool: { name: 'helm', version: null },
      tasks: ['mmlu:subject=anatomy,method=multiple_choice_joint'],
      models: ['openai/gpt-4'],
      decoding: { temperature: 0, maxNewTokens: 1, stop: ['\n'] },
      variants: ['exact_match', 'quasi_exact_match'],
      measure: { metric: 'exact_match', shots: 5, repeats: 1 },
    });
  });

  it('reads the whole state where the pages were not made, and takes trials as attempts', async () => {
    const state = (id: string, trial: number, text: string, success = true): object => ({
      instance: instance(id),
      train_trial_index: trial,
      request_mode: 'original',
      request: { prompt: `P ${id}` },
      result: { success, completions: [{ text, logprob: 0, tokens: [] }], cached: false, embedding: [] },
    });
    write('state/run/per_instance_stats.json', [
      entry('id1', [stat('quasi_exact_match', 1)]),
      entry('id1', [stat('quasi_exact_match', 0)], { train_trial_index: 1 }),
      entry('id2', [stat('quasi_exact_match', 0)]),
    ]);
    write('state/run/scenario_state.json', {
      adapter_spec: {},
      request_states: [state('id1', 0, 'yes'), state('id1', 1, 'no'), state('id2', 0, '', false)],
    });
    const [part] = await readParts(folder.path('state'));
    expect(
      part?.rows.map(({ sampleId, prompt, verdict, attempts, resultTags }) => [
        sampleId,
        prompt,
        verdict,
        attempts?.[0]?.number,
        resultTags,
      ]),
    ).toEqual([
      ['id1', 'P id1', 'right', 1, undefined],
      ['id1', 'P id1', 'wrong', 2, undefined],
      ['id2', 'P id2', null, 1, ['error']],
    ]);
    expect(part?.said.measure.repeats).toBe(2);
  });

  it('reads statistics alone, keeps fractions as scores, and says that the texts are missing', async () => {
    const file = write('alone/stats.json', [entry('a', [stat('f1_score', 0.5)]), entry('b', [stat('f1_score', 1)])]);
    const { rows, stream } = await read(openEvaluationImport(file));
    expect(rows.map(({ sampleId, score, verdict }) => [sampleId, score, verdict])).toEqual([
      ['a', 0.5, null],
      ['b', 1, null],
    ]);
    expect(stream.metadata()).toMatchObject({
      format: 'helm',
      ids: 'source',
      notes: ['The texts are not there: samples pair by instance. Import the run’s folder to have them.'],
    });
  });

  it('counts entries that are none, and ends with what a cut file has', async () => {
    const text = `[${JSON.stringify(entry('a', [stat('exact_match', 1)]))}, {"instance_id": 5, "stats": "x"}, {"stats": []}, ${JSON.stringify(entry('b', [{ name: 'x' }, 7 as never, stat('exact_match', 0)]))}, {"instance_id": "c", "sta`;
    const { rows, problems } = await read(openEvaluationImport(folder.write('cut.json', text), { format: 'helm' }));
    expect(rows.map(({ sampleId, verdict }) => [sampleId, verdict])).toEqual([
      ['a', 'right'],
      ['b', 'wrong'],
    ]);
    expect(problems).toEqual(['1 missing-field instance_id', '1 missing-field instance_id', '1 truncated']);
  });
});
