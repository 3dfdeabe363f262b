import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { groupMetrics } from '../../src-main/shared/domain/metrics.ts';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';
import type { RunSpecInput } from '../../src-main/shared/domain/run-spec.ts';
import type { RunRecord } from '../../src-main/shared/domain/entities.ts';
import { logProbRounding } from '../../src-main/engine/guard/guard.ts';
import { request } from '../../src-main/workbench/contract/dispatch.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import {
  addTrainingMaterial,
  openTestWorkbench,
  pairRows,
  smallModel,
  tinySpec,
  withSmallModel,
} from '../helpers/workbench.ts';

/**
 * The contract from the trainer to the screen: what a real guarded run measured per sample is what lists, filters, traces and charts
 * show. The expected numbers are counted here from the lines that the trainer wrote, without any of the code that stores them.
 */

const steps = 2;
/** As many pairs in a step as there are, so that each is used once per step. */
const wholeSet = { size: pairRows.length, maxLength: 64 };
/** The training rows as a suite: its samples have the rows' content. */
const suite: SuiteItem[] = pairRows.map(({ id, prompt, chosen, rejected }) => ({
  kind: 'pairs',
  id: `item-${id}`,
  prompt,
  chosen,
  rejected,
}));

interface Line {
  type: string;
  step: number;
  metrics: Record<string, number>;
  tables: Record<string, { sampleIds: string[]; metrics: Record<string, number[]> }>;
}

function stepLines(workbench: Workbench, run: RunRecord): Line[] {
  const file = path.join(path.resolve(workbench.core.layout.root, run.folder), 'events.ndjson');
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Line).filter(({ type }) => type === 'step');
}

/** A number of one row in each step, as the trainer wrote it. */
function told(lines: readonly Line[], table: string, metric: string, rowId: string): (number | undefined)[] {
  return lines.map(({ tables }) => tables[table]?.metrics[metric]?.[tables[table].sampleIds.indexOf(rowId)]);
}

async function trained(workbench: Workbench, spec: Partial<RunSpecInput>): Promise<RunRecord> {
  const run = await workbench.runs.launch({
    spec: tinySpec({
      dataset: { train: 'pairs', heldOut: 0 },
      batch: wholeSet,
      steps,
      evaluate: { suites: ['rows'], every: steps },
      checkpoint: {},
      ...spec,
    }),
  });
  const ended = await workbench.runs.ended(run.id);
  expect(ended).toMatchObject({ status: 'finished', step: steps });
  return ended;
}

/** Everything that the screens ask about the run's samples, by row. */
async function shownFor(workbench: Workbench, run: RunRecord) {
  const { handle } = workbench;
  const evaluations = await request(handle, 'evaluations.list', { runId: run.id });
  const [before, after] = [...evaluations].sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
  const { id } = await request(handle, 'comparisons.open', {
    leftEvaluationId: before?.id ?? '',
    rightEvaluationId: after?.id ?? '',
    rule: { kind: 'margin', tau: 0, direction: 'higher' },
  });
  await workbench.core.store.buildComparison(id);
  const list = async (filter: { firing?: [number | null, number | null] }) => {
    const sort = { column: 'firing', direction: 'descending' } as const;
    const { viewId, total } = await request(handle, 'flips.open', { comparisonId: id, filter, sort });
    const rows = total === 0 ? [] : await request(handle, 'flips.window', { viewId, offset: 0, limit: 100 });
    return rows.map(({ sampleId, sampleKey, firing }) => ({
      rowId: sampleId.slice('item-'.length),
      sampleKey,
      firing,
    }));
  };
  return { comparisonId: id, list, facets: await request(handle, 'flips.facets', { comparisonId: id }) };
}

async function expectFiringShown(workbench: Workbench, run: RunRecord, lines: readonly Line[]): Promise<void> {
  const shown = await shownFor(workbench, run);
  const counted = new Map(
    pairRows.map(({ id }) => [
      id,
      told(lines, 'guarded', 'guard/fired', id).reduce<number>((sum, x) => sum + (x ?? NaN), 0),
    ]),
  );
  const all = await shown.list({});
  expect(new Map(all.map(({ rowId, firing }) => [rowId, firing]))).toEqual(counted);
  expect(all.map(({ firing }) => firing)).toEqual([...counted.values()].sort((a, b) => b - a));

  const fired = [...counted].filter(([, count]) => count >= 1).map(([rowId]) => rowId);
  expect((await shown.list({ firing: [1, null] })).map(({ rowId }) => rowId).sort()).toEqual(fired.sort());
  const bins = shown.facets.firing.map(({ from, to, count }) => ({ from, to, count }));
  expect(bins.reduce((sum, { count }) => sum + count, 0)).toBe(pairRows.length);

  for (const { rowId, sampleKey } of all) {
    const [trace] = await request(workbench.handle, 'samples.training', { sampleKey });
    expect(trace?.runId).toBe(run.id);
    expect(trace?.steps.map(({ step }) => step)).toEqual(lines.map(({ step }) => step));
    for (const [table, metric] of [
      ['guarded', 'guard/fired'],
      ['guarded', 'guard/loss'],
      ['guarded', 'guard/tokens'],
      ['trained', 'kl/pre'],
    ] as const) {
      // JSON knows no −0.
      const values = trace?.steps.map(({ metrics }) => (metrics[metric] ?? NaN) + 0);
      expect(values, `${rowId} ${metric}`).toEqual(told(lines, table, metric, rowId));
    }
    const detail = await request(workbench.handle, 'samples.get', { comparisonId: shown.comparisonId, sampleKey });
    expect(detail.left?.metrics).toHaveProperty(['logps/chosen']);
  }
}

async function expectChartsShown(workbench: Workbench, run: RunRecord, lines: readonly Line[]): Promise<void> {
  const series = await request(workbench.handle, 'runs.metrics', { runId: run.id });
  const names = Object.keys(lines[0]?.metrics ?? {});
  expect(series.map(({ name }) => name).sort()).toEqual(names.sort());
  for (const { name, steps: at, values } of series) {
    expect([at, values], name).toEqual([lines.map(({ step }) => step), lines.map(({ metrics }) => metrics[name])]);
  }
  expect(groupMetrics(names).find(({ title }) => title === 'Guard')?.names).toEqual([
    'guard/loss',
    'guard/firing_rate',
    'guard/firing_rate/short',
    'guard/firing_rate/medium',
    'guard/firing_rate/long',
    'guard/weight',
  ]);
}

test.skipIf(smallModel === null)(`two guarded DPO steps, from the trainer to the screen${withSmallModel}`, async () => {
  const workbench = await openTestWorkbench();
  await addTrainingMaterial(workbench, smallModel ?? '');
  await workbench.imports.addSuite('rows', { kind: 'pairs' }, suite);
  const beta = 0.1;
  const rounding = logProbRounding;
  const run = await trained(workbench, {
    algorithm: { kind: 'dpo', beta },
    // Its gradients round most; what is compared is computed in float32 all the same.
    precision: 'bf16',
    optimizer: { learningRate: 5e-3, schedule: 'constant', warmupSteps: 0 },
  });
  const lines = stepLines(workbench, run);
  expect(lines).toHaveLength(steps);
  // At the first step the policy is the old model, and no gate fires. At the second it fires exactly where the chosen response lost
  // probability: r = β·(lp − lp_old) fell below 0 by more than the rounding of a summed log-prob.
  for (const { id } of pairRows) {
    const [, reward = NaN] = told(lines, 'trained', 'rewards/chosen', id);
    const [old = NaN] = told(lines, 'trained', 'logps/chosen', id);
    const lost = -reward / beta - rounding * Math.abs(old);
    expect(told(lines, 'guarded', 'guard/fired', id), `${id}: lost ${lost}`).toEqual([0, Number(lost > 0)]);
  }
  const rates = lines.map(({ metrics }) => metrics['guard/firing_rate']);
  expect(rates[0]).toBe(0);
  expect(rates[1]).toBeGreaterThan(0);
  await expectFiringShown(workbench, run, lines);
  await expectChartsShown(workbench, run, lines);
  // Windows are told of steps without their samples.
  const events = await request(workbench.handle, 'runs.events', { runId: run.id, afterSeq: 0 });
  expect(events.filter((event) => 'tables' in event)).toEqual([]);
});

test.skipIf(smallModel === null)(`two guarded PPO steps, from the trainer to the screen${withSmallModel}`, async () => {
  const workbench = await openTestWorkbench();
  await addTrainingMaterial(workbench, smallModel ?? '');
  await workbench.imports.addSuite('rows', { kind: 'pairs' }, suite);
  const run = await trained(workbench, {
    algorithm: { kind: 'ppo', reward: { kind: 'lexicon' }, maxNewTokens: 12, epochs: 1 },
  });
  const lines = stepLines(workbench, run);
  expect(lines).toHaveLength(steps);
  // The gate compares rewards: it fires where the policy's own response scored less than the chosen one.
  const scores = lines.flatMap(({ tables }) =>
    (tables['trained']?.sampleIds ?? []).map((id, i) => ({
      fired: told([{ tables } as Line], 'guarded', 'guard/fired', id)[0],
      score: tables['trained']?.metrics['objective/scores']?.[i] ?? NaN,
    })),
  );
  const scoresOf = (fired: number) => scores.filter((one) => one.fired === fired).map(({ score }) => score);
  expect(scores).toHaveLength(steps * pairRows.length);
  expect(scoresOf(1).length + scoresOf(0).length).toBe(scores.length);
  expect(scoresOf(1).length).toBeGreaterThan(0);
  expect(Math.max(...scoresOf(1))).toBeLessThan(Math.min(Infinity, ...scoresOf(0)));
  await expectFiringShown(workbench, run, lines);
  await expectChartsShown(workbench, run, lines);
});
