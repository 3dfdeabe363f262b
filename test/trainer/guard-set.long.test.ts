import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, test } from 'vitest';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import type { RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import { expectSameRun, linesOf, ndjson, removeRuns, run, trainJob, type Told } from '../helpers/trainer-runs.ts';
import { goldenPresent } from '../helpers/trl-golden.ts';

if (!goldenPresent) console.warn('skipped: ../shared/models/stories-260k is not there');
afterAll(removeRuns);

/** Samples that are not trained on: what the old model said to other prompts, and what a new one might say instead. */
const held = ['He', 'Lily', 'The sun', 'They'].map((start, i) => ({
  kind: 'preference',
  id: `held-${i}`,
  prompt: start,
  chosen: ' was sad.',
  rejected: ' not.',
  guardTarget: ' was sad and cried. She wanted to go home.',
}));
const guardPairs: SuiteItem[] = held.map(({ id, prompt, guardTarget, rejected }) => ({
  kind: 'pairs',
  id,
  prompt,
  chosen: guardTarget,
  rejected,
}));
const guard = { kind: 'flipguard', target: 'guard-set', guardSet: 'held', weight: 4 } as const;
const suites = () => [
  { id: 'g', name: 'guarded', kind: 'pairs' as const, itemsPath: ndjson('guard-pairs.ndjson', guardPairs) },
];

function guardedJob(changes: Partial<RunSpecInput>, job: Partial<TrainJob> = {}): TrainJob {
  return trainJob(
    { guard, optimizer: { learningRate: 2e-3 }, steps: 8, ...changes },
    { guardRowsPath: ndjson('guard.ndjson', held), suites: suites(), ...job },
  );
}

/** Mean log-prob of the guarded texts, before the run and after. */
function meanLogProbs({ events }: Told): number[] {
  const batches = events.flatMap((event) => (event.type === 'evaluation-batch' ? [event.results] : []));
  return batches.map(
    (results) => results.reduce((sum, { metrics }) => sum + (metrics?.['logps/chosen'] ?? NaN), 0) / results.length,
  );
}

describe.skipIf(!goldenPresent)('a run under a guard set', () => {
  test('holds samples that it does not train on, and says which rows it read', async () => {
    const [free, guarded] = [
      await run(guardedJob({ guard: { ...guard, kind: 'ungated', weight: 0 } })),
      await run(guardedJob({})),
    ];
    expect([free.end, guarded.end]).toMatchObject([{ outcome: 'completed' }, { outcome: 'completed' }]);
    const [before = NaN, fallen = NaN] = meanLogProbs(free);
    const [same, kept = NaN] = meanLogProbs(guarded);
    expect(same).toBe(before);
    expect(before - fallen).toBeGreaterThan(1);
    expect(before - kept).toBeLessThan((before - fallen) / 2);

    const steps = guarded.events.flatMap((event) => (event.type === 'step' ? [event] : []));
    // Four a step, each of the four once in a step, whatever the pairs of the step.
    for (const { tables, metrics } of steps) {
      expect([...(tables.guarded?.sampleIds ?? [])].sort()).toEqual(held.map(({ id }) => id));
      expect(tables.trained?.sampleIds.some((id) => id.startsWith('held'))).toBe(false);
      const fired = tables.guarded?.metrics['guard/fired'] ?? [];
      expect(metrics['guard/firing_rate']).toBe(fired.reduce((sum, x) => sum + x, 0) / 4);
      expect(metrics['guard/weight']).toBe(4);
    }
    expect(steps[0]?.metrics['guard/firing_rate']).toBe(0);
    expect(Math.max(...steps.map(({ metrics }) => metrics['guard/loss'] ?? 0))).toBeGreaterThan(0);
    const started = guarded.events.find((event) => event.type === 'started');
    const hash = createHash('sha256')
      .update(readFileSync(ndjson('guard.ndjson', held)))
      .digest('hex');
    expect(started?.inputs?.guardRows).toBe(hash);
  });

  const algorithms: Record<string, Partial<RunSpecInput>> = {
    dpo: { batch: { size: 3, maxLength: 64 }, guard: { ...guard, gate: 'margin', divergence: 'kl' } },
    ppo: {
      algorithm: { kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 8, epochs: 2 },
      batch: { size: 3, maxLength: 64 },
    },
  };
  test.each(Object.keys(algorithms))(
    'stopped and resumed, %s takes the guarded samples in the same turn',
    async (kind) => {
      const changes = { ...algorithms[kind], steps: 4, checkpoint: { every: 1 } };
      const whole = await run(guardedJob(changes, { suites: [] }));
      const job = guardedJob(changes, { suites: [] });
      await run(job, (event, session) => {
        if (event.type === 'checkpoint') session.stop();
      });
      const resumed = await run({ ...job, resume: true });
      expect(resumed.end).toMatchObject({ outcome: 'completed', step: 4 });
      expectSameRun(linesOf(job), whole.events);
      const turns = (events: Told['events']) =>
        events.flatMap((event) => (event.type === 'step' ? [event.tables.guarded?.sampleIds] : []));
      expect(turns(linesOf(job))).toEqual(turns(whole.events));
      expect(turns(whole.events).flat()).toHaveLength(12);
    },
  );
});
