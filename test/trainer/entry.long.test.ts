import { appendFileSync, mkdtempSync, readdirSync } from 'node:fs';
import * as path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import type { TrainerJob } from '../../src-main/shared/domain/jobs.ts';
import type { RunSpecInput, TuningSpec } from '../../src-main/shared/domain/run-spec.ts';
import {
  expectSameRun,
  linesOf,
  lossesOf,
  ndjson,
  removeRuns,
  rows,
  run,
  runsFolder,
  things,
  trainJob,
  words,
  type Told,
} from '../helpers/trainer-runs.ts';
import { goldenPresent, stories260k } from '../helpers/trl-golden.ts';

if (!goldenPresent) console.warn('skipped: ../shared/models/stories-260k is not there');
afterAll(removeRuns);

describe.skipIf(!goldenPresent)('a training run in a child', () => {
  test('tells everything in order, and the folder holds every event', async () => {
    const job = trainJob({ evaluate: { every: 3 }, checkpoint: { every: 3, keep: 'last' } });
    const { events, end } = await run(job);
    expect(end).toEqual({ kind: 'finished', outcome: 'completed', step: 6 });
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, i) => i + 1));
    expect(linesOf(job)).toEqual(JSON.parse(JSON.stringify(events)));
    expect(events.filter(({ type }) => type === 'evaluation-done')).toHaveLength(3);
    expect(readdirSync(path.join(job.runFolder, 'checkpoints'))).toEqual(['6']);
    const checkpoint = readdirSync(path.join(job.runFolder, 'checkpoints/6'));
    for (const name of ['model.safetensors', 'config.json', 'tokenizer.json', 'optimizer.safetensors', 'state.json']) {
      expect(checkpoint).toContain(name);
    }
    const last = events.findLast((event) => event.type === 'step');
    expect(last?.metrics['rewards/margins']).toBeGreaterThan(0);
    expect(last?.tables.trained?.sampleIds).toHaveLength(4);
  });

  const kinds: Record<string, Partial<RunSpecInput>> = {
    'dpo under a random gate': { guard: { kind: 'random', randomRate: 0.5 } },
    'dpo as an adapter with dropout and a schedule': {
      tuning: { kind: 'lora', dropout: 0.2 },
      optimizer: { learningRate: 1e-3, schedule: 'cosine', warmupSteps: 2 },
    },
    'a reward model as an adapter with dropout': {
      algorithm: { kind: 'reward' },
      tuning: { kind: 'lora', dropout: 0.2 },
      optimizer: { learningRate: 1e-2 },
    },
    ppo: { algorithm: { kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 8, epochs: 2 } },
  };
  test.each(Object.keys(kinds))('stopped and resumed, %s continues as the uninterrupted run', async (name) => {
    const changes = { ...kinds[name], checkpoint: { every: 2 } };
    const whole = await run(trainJob(changes, { suites: [] }));
    const job = trainJob(changes, { suites: [] });
    const stopped = await run(job, (event, session) => {
      if (event.type === 'checkpoint') session.stop();
    });
    expect(stopped.end).toMatchObject({ kind: 'finished', outcome: 'stopped' });
    const resumed = await run({ ...job, resume: true });
    expect(resumed.end).toEqual({ kind: 'finished', outcome: 'completed', step: 6 });
    expectSameRun(linesOf(job), whole.events);
    expect(linesOf(job).map(({ seq }) => seq)).toEqual(linesOf(job).map((_, i) => i + 1));
  });

  test('killed at once, with a torn last line: what was written is kept and the run continues', async () => {
    const changes = { checkpoint: { every: 2 }, steps: 8 };
    const whole = await run(trainJob(changes, { suites: [] }));
    const job = trainJob(changes, { suites: [] });
    const killed = await run(job, (event, session) => {
      if (event.type === 'checkpoint' && event.checkpoint.step === 4) session.kill();
    });
    expect(killed.end.kind).toBe('died');
    appendFileSync(path.join(job.runFolder, 'events.ndjson'), '{"type":"step","st');
    const resumed = await run({ ...job, resume: true });
    expect(resumed.end).toMatchObject({ kind: 'finished', outcome: 'completed' });
    const started = resumed.events.find((event) => event.type === 'started');
    expect(started?.resumedAtStep).toBeGreaterThanOrEqual(4);
    expectSameRun(linesOf(job), whole.events);
    expect(linesOf(job).map(({ seq }) => seq)).toEqual(linesOf(job).map((_, i) => i + 1));
  });

  test('reference log-probs are computed once and found again', async () => {
    const first = await run(
      trainJob({ steps: 1, seed: 5 }, { suites: [], cacheFolder: path.join(runsFolder, 'fresh') }),
    );
    const second = await run(
      trainJob({ steps: 1, seed: 5 }, { suites: [], cacheFolder: path.join(runsFolder, 'fresh') }),
    );
    const scored = ({ events }: Told) =>
      events.some((event) => event.type === 'progress' && event.phase.includes('reference'));
    expect([scored(first), scored(second)]).toEqual([true, false]);
    expect(lossesOf(second.events)).toEqual(lossesOf(first.events));
  });

  test('runs that begin with the same weights measure them once, and say so', async () => {
    const greedy = {
      id: 'g',
      name: 'greedy',
      kind: 'generate' as const,
      scorer: { kind: 'lexicon', lexicon: 'afinn' } as const,
    };
    const items: SuiteItem[] = [{ kind: 'generate', id: 'one', prompt: 'Once upon a time' }];
    const keptFolder = path.join(runsFolder, 'kept');
    const job = () => {
      const made = trainJob({ steps: 1 }, { keptFolder });
      return { ...made, suites: [...made.suites, { ...greedy, itemsPath: ndjson('greedy.ndjson', items) }] };
    };
    const told = [
      await run(job()),
      await run(job()),
      await run({ ...job(), keptFolder: path.join(runsFolder, 'other') }),
    ];
    const startOf = ({ events }: Told) =>
      events.flatMap((event) =>
        (event.type === 'evaluation-batch' || event.type === 'evaluation-done') && event.mark.step === 0
          ? [{ ...event, seq: 0, at: 0 }]
          : [],
      );
    const [first, again, own] = told.map(startOf);
    expect(first?.filter(({ type }) => type === 'evaluation-done')).toHaveLength(2);
    expect(again).toEqual(first);
    expect(own).toEqual(first);
    const saysSo = ({ events }: Told) =>
      events.filter((event) => event.type === 'log' && event.message.includes('measured with these weights before'));
    expect(told.map((one) => saysSo(one).length)).toEqual([0, 2, 0]);
    expect(lossesOf(told[1]!.events)).toEqual(lossesOf(told[0]!.events));
  });

  test('pause and resume', async () => {
    const { events, end } = await run(trainJob({ steps: 3 }, { suites: [] }), (event, session) => {
      if (event.type === 'started') session.pause();
      if (event.type === 'paused') session.resume();
    });
    expect(end).toMatchObject({ outcome: 'completed' });
    expect(events.map(({ type }) => type)).toContain('resumed');
  });

  test('rows of the wrong kind are named', async () => {
    const { end } = await run(
      trainJob({}, { trainRowsPath: ndjson('prompts.ndjson', [{ kind: 'prompt', id: 'p', prompt: 'x' }]) }),
    );
    expect(end).toMatchObject({ kind: 'failed', error: { code: 'bad-input', place: { field: 'dataset.train' } } });
  });
});

describe.skipIf(!goldenPresent)('other jobs', () => {
  /** Folder of the adapter's model with the adapter in it. */
  async function merged(adapterPath: string): Promise<string> {
    expect(readdirSync(adapterPath)).toContain('adapter_model.safetensors');
    const outPath = path.join(mkdtempSync(path.join(runsFolder, 'merge-')), 'merged');
    expect((await run({ kind: 'merge', modelPath: stories260k, adapterPath, outPath })).end.kind).toBe('finished');
    return outPath;
  }

  test('evaluate, in batches that wait for credit', async () => {
    const suites = Array.from({ length: 6 }, (_, i) => ({
      id: `w${i}`,
      name: `words ${i}`,
      kind: 'words' as const,
      itemsPath: ndjson('words.ndjson', words),
    }));
    const { events, end } = await run({ kind: 'evaluate', modelPath: stories260k, suites });
    expect(end).toMatchObject({ kind: 'finished' });
    const done = events.filter((event) => event.type === 'evaluation-done');
    expect(done).toHaveLength(6);
    expect(new Set(done.map(({ summary }) => summary['score'])).size).toBe(1);
  });

  test('a trained adapter merges into a model that evaluates as one', async () => {
    const job = trainJob({ tuning: { kind: 'lora', rank: 4 }, optimizer: { learningRate: 1e-3 } });
    const trained = await run(job);
    const after = trained.events.findLast((event) => event.type === 'evaluation-done');
    const modelPath = await merged(path.join(job.runFolder, 'checkpoints/6'));
    const evaluated = await run({ kind: 'evaluate', modelPath, suites: job.suites });
    const whole = evaluated.events.find((event) => event.type === 'evaluation-done');
    expect(whole?.summary['score']).toBeCloseTo(after?.summary['score'] ?? Number.NaN, 4);
  });

  const tunings: Record<string, TuningSpec> = {
    'a reward model': { kind: 'full' },
    'a reward model as an adapter, merged': { kind: 'lora', rank: 4, alpha: 8, dropout: 0, targets: ['all-linear'] },
  };
  test.each(Object.keys(tunings))('%s learns pairs, scores them, and rewards PPO', async (name) => {
    const tuning = tunings[name];
    const pairs: SuiteItem[] = rows.map(({ id, prompt, chosen, rejected }) => ({
      kind: 'pairs',
      id,
      prompt,
      chosen,
      rejected,
    }));
    const suites = [{ id: 'p', name: 'pairs', kind: 'pairs' as const, itemsPath: ndjson('pairs.ndjson', pairs) }];
    const rate = tuning?.kind === 'lora' ? 1e-2 : 1e-3;
    const spec = { algorithm: { kind: 'reward' as const }, tuning, steps: 12, optimizer: { learningRate: rate } };
    const job = trainJob(spec, { suites });
    const { events, end } = await run(job);
    expect(end).toMatchObject({ outcome: 'completed' });
    expect(events.findLast((event) => event.type === 'evaluation-done')?.summary['acc']).toBeGreaterThan(0.9);
    const checkpoint = path.join(job.runFolder, 'checkpoints/12');
    const rewardModelPath = tuning?.kind === 'lora' ? await merged(checkpoint) : checkpoint;
    const again = await run({ kind: 'evaluate', modelPath: rewardModelPath, suites });
    const scoreOf = ({ events: told }: Told) => told.findLast((event) => event.type === 'evaluation-done')?.summary;
    expect(scoreOf(again)?.['score']).toBeCloseTo(scoreOf({ events, end })?.['score'] ?? Number.NaN, 4);
    const algorithm = {
      kind: 'ppo' as const,
      reward: { kind: 'reward-model' as const, model: 'r' },
      maxNewTokens: 6,
      epochs: 1,
    };
    const ppo = await run(trainJob({ algorithm, steps: 1 }, { suites: [], rewardModelPath }));
    expect(ppo.end).toMatchObject({ outcome: 'completed' });
    // Each answer is told with its reward, next to the same number in the step's table.
    const told = ppo.events.find((event) => event.type === 'step');
    const { sampleIds = [], metrics = {} } = told?.tables.trained ?? {};
    expect(told?.answers?.map(({ sampleId, outputs }) => [sampleId, outputs.map(({ score }) => score)])).toEqual(
      sampleIds.map((id, i) => [id, [metrics['objective/scores']?.[i]]]),
    );
    expect(told?.answers?.every(({ prompt, outputs }) => prompt !== '' && outputs[0]?.text !== undefined)).toBe(true);
  });

  test('interpolation at 0 and 1 gives the ends; a ledger compares token by token', async () => {
    const job = trainJob({ steps: 2 }, { suites: [] });
    await run(job);
    const newPath = path.join(job.runFolder, 'checkpoints/2');
    const outPath = path.join(runsFolder, 'half');
    const models = [{ path: newPath, weight: 1 }];
    const merge = { basePath: stories260k, models, method: 'linear' as const, fraction: 0, parts: [], outPath };
    const mixed = await run({ kind: 'merge-models', ...merge });
    expect(mixed.end.kind).toBe('finished');
    const texts = [{ part: 'output' as const, prompt: 'Once upon a', response: ' time, there was a cat.' }];
    const same = await run({ kind: 'ledger', left: { path: stories260k }, right: { path: outPath }, texts });
    const moved = await run({ kind: 'ledger', left: { path: stories260k }, right: { path: newPath }, texts });
    const ledgerOf = ({ events }: Told) => events.find((event) => event.type === 'ledger')?.ledgers[0];
    expect(ledgerOf(same)?.rightLogProbs).toEqual(ledgerOf(same)?.leftLogProbs);
    expect(ledgerOf(moved)?.rightLogProbs).not.toEqual(ledgerOf(moved)?.leftLogProbs);
    expect(ledgerOf(same)?.tokens.join('')).toBe(' time, there was a cat.');
  });

  test('sampling is repeatable, and an estimate says how it was had', async () => {
    const job: TrainerJob = {
      kind: 'sample',
      modelPath: stories260k,
      prompts: things.map((thing) => ({ id: thing, prompt: `The ${thing}` })),
      samplesPerPrompt: 2,
      decoding: { temperature: 1, maxNewTokens: 8, seed: 3 },
    };
    const outputs = ({ events }: Told) => events.flatMap((event) => (event.type === 'samples' ? event.outputs : []));
    const [first, second] = [await run(job), await run(job)];
    expect(outputs(first)).toHaveLength(24);
    expect(outputs(second)).toEqual(outputs(first));
    const { spec, modelPath, trainRowsPath } = trainJob();
    const { events } = await run({ kind: 'estimate', spec, modelPath, trainRowsPath });
    const estimate = events.find((event) => event.type === 'estimate')?.estimate;
    expect(estimate).toMatchObject({ steps: 6 });
    expect(estimate?.secondsPerStep).toBeGreaterThan(0);
    expect(estimate?.memoryBytes).toBeGreaterThan(1e6);
    expect(estimate?.basis).toContain('real steps');
  });
});
