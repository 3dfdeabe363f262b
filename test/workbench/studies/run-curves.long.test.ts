import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { SampleResult, SuiteItem } from '../../../src-main/shared/domain/evaluations.ts';
import type { RunSpecInput } from '../../../src-main/shared/domain/run-spec.ts';
import type { TrainerEvent } from '../../../src-main/shared/domain/trainer-events.ts';
import { findings } from '../../../src-main/workbench/comparing/findings.ts';
import { frontier } from '../../../src-main/workbench/comparing/frontier.ts';
import { interpolateRun } from '../../../src-main/workbench/merging/run-path.ts';
import { runCurves } from '../../../src-main/workbench/studies/run-curves.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../../helpers/workbench.ts';

const things = ['dog', 'cat', 'girl', 'boy', 'tree', 'fish', 'frog', 'bear', 'duck', 'king', 'doll', 'ball'];
const items = things.map((thing): SuiteItem => ({ kind: 'generate', id: thing, prompt: `Once there was a ${thing}` }));
const scorer = { kind: 'lexicon', lexicon: 'afinn' } as const;

/** What the trainer itself wrote of a suite at a step, by sample. */
function told(root: string, runId: string, suite: string, step: number): Map<string, SampleResult> {
  const lines = readFileSync(path.join(root, 'runs', runId, 'events.ndjson'), 'utf8')
    .trim()
    .split('\n');
  const results = lines
    .map((line) => JSON.parse(line) as TrainerEvent)
    .flatMap((event) => (event.type === 'evaluation-batch' ? [event] : []))
    .filter(({ mark }) => mark.suiteName === suite && mark.step === step)
    .flatMap((event) => event.results);
  return new Map(results.map((result) => [result.sampleId, result]));
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

test.skipIf(smallModel === null)(
  `the floor, the KL and the curves of two runs are those of what the trainer wrote${withSmallModel}`,
  async () => {
    const workbench = await openTestWorkbench();
    const { core, comparisons, madeModels } = workbench;
    await addTrainingMaterial(workbench, smallModel ?? '');
    const decoding = { maxNewTokens: 16, seed: 0 };
    await workbench.imports.addSuite(
      'greedy',
      { kind: 'outputs', scorer, decoding: { ...decoding, temperature: 0 } },
      items,
    );
    await workbench.imports.addSuite(
      'sampled',
      { kind: 'outputs', scorer, decoding: { ...decoding, temperature: 1 }, repeats: 2 },
      items,
    );
    const suites = ['words', 'greedy', 'sampled'];
    const trained = async (name: string, algorithm: RunSpecInput['algorithm']) => {
      const changes = { name, algorithm, guard: { kind: 'none' as const }, dataset: { train: 'pairs' }, steps: 6 };
      const learning = { optimizer: { learningRate: 2e-3 }, evaluate: { suites, kl: true }, checkpoint: {} };
      const { id } = await workbench.runs.launch({ spec: tinySpec({ ...changes, ...learning }) });
      const run = await workbench.runs.ended(id);
      await interpolateRun(core, madeModels, run, [0.5], quietTask());
      return run;
    };
    const reward = { kind: 'lexicon' } as const;
    const runs = [
      await trained('DPO', { kind: 'dpo' }),
      await trained('online', { kind: 'online-dpo', reward, samplesPerPrompt: 2, maxNewTokens: 8 }),
    ];
    const [run] = runs;
    const at = (suite: string, step: number) => told(core.layout.root, run!.id, suite, step);

    // Two samplings of the old model, and the new one, prompt by prompt, from the events alone.
    const [before, after] = [at('sampled', 0), at('sampled', 6)];
    const fell = things.map((thing) => (after.get(thing)?.score ?? NaN) < (before.get(thing)?.score ?? NaN));
    const again = things.map(
      (thing) => (before.get(thing)?.metrics?.['rewards/again'] ?? NaN) < (before.get(thing)?.score ?? NaN),
    );
    const share = (marks: readonly boolean[]) => marks.filter(Boolean).length / things.length;
    const meter = await workbench.runs.flipMeter(run!.id, quietTask());
    const point = meter.find(({ suiteName, step }) => suiteName === 'sampled' && step === 6);
    expect(point).toMatchObject({
      n: things.length,
      negative: fell.filter(Boolean).length,
      floor: {
        n: things.length,
        nfr: share(again),
        excess: { value: expect.closeTo(share(fell) - share(again), 12) as number },
      },
    });
    // Greedy answers are the same however often they are given: no floor.
    expect(meter.filter(({ floor }) => floor === null).map(({ suiteName }) => suiteName)).toEqual(['greedy', 'words']);
    const onFrontier = (await frontier(core, comparisons, 'sampled', undefined, quietTask())).filter(
      ({ runId, pathOf }) => runId === run!.id || pathOf === run!.id,
    );
    expect(onFrontier.map(({ step, floor }) => [step, floor?.nfr ?? null])).toEqual([
      [null, share(again)],
      [6, share(again)],
      [0, null],
    ]);

    const scores = (results: Map<string, SampleResult>) => [...results.values()].map(({ score }) => score ?? NaN);
    const words = [at('words', 0), at('words', 6)] as const;
    const lost = [...words[0]].filter(
      ([id, { verdict }]) => verdict === 'right' && words[1].get(id)?.verdict === 'wrong',
    ).length;
    const curves = await runCurves(core, comparisons, runs, quietTask());
    expect(curves?.checks.map(({ check, tables }) => [check, ...tables.map(({ axis }) => axis)])).toEqual([
      ['words', 'sampled-reward', 'greedy-reward', 'kl'],
      ['sampled', 'sampled-reward', 'greedy-reward', 'kl'],
      ['greedy: reward fell', 'sampled-reward', 'greedy-reward', 'kl'],
    ]);
    const end = curves?.points.find(({ method, fraction }) => method === 'DPO' && fraction === 1);
    const kl = mean([...after.values()].map(({ metrics }) => metrics?.['kl/pre'] ?? NaN));
    expect(end).toMatchObject({
      sampledReward: expect.closeTo(mean(scores(after)), 9) as number,
      greedyReward: expect.closeTo(mean(scores(at('greedy', 6))), 9) as number,
      kl: expect.closeTo(kl, 9) as number,
    });
    expect(end?.counts.find(({ check }) => check === 'words')).toMatchObject({ negative: lost });
    expect(curves?.points.map(({ method, fraction }) => `${method} ${fraction}`)).toEqual(
      ['DPO', 'online DPO'].flatMap((method) => [0, 0.5, 1].map((fraction) => `${method} ${fraction}`)),
    );

    // What is found says these numbers.
    const found = await findings(core, comparisons, null, quietTask());
    expect([...found!.sentences, ...found!.details].join('\n')).toMatch(
      new RegExp(
        `^DPO, step 6, lost ${lost} of [^]*\nPrompts of “sampled” whose reward fell below the old output's: DPO ${fell.filter(Boolean).length} of 12 [^]*; two samplings of the old model make ${again.filter(Boolean).length} of 12 worse`,
      ),
    );

    // The KL at an evaluation of the run is what an evaluation of its checkpoint tells against the old model.
    expect(kl).toBeGreaterThan(0);
    const alone = await workbench.evaluations.evaluate(run!.id, 'sampled', { klFrom: 'small' }, quietTask());
    expect(alone.summary['kl/pre']).toBeCloseTo(kl, 3);
  },
);
