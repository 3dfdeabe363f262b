import { describe, expect, it } from 'vitest';
import type { FrontierPoint } from '../../src-main/shared/contract/views.ts';
import { seriesLooks } from '../../src-main/shared/domain/reports/series-looks.ts';
import { blindSwap } from '../../src-renderer/format/blind.ts';
import { chartCsv, chartSvg } from '../../src-renderer/format/chart-export.ts';
import { headlines } from '../../src-renderer/format/comparison-rates.ts';
import { ledgerTokens, turningPoint, visibleToken } from '../../src-renderer/format/ledger.ts';
import { methodLooks, methodsOf } from '../../src-renderer/format/frontier.ts';
import { lineage } from '../../src-renderer/format/lineage.ts';
import { ranked } from '../../src-renderer/format/ranking.ts';
import { alignedSeries } from '../../src-renderer/format/report-charts.ts';
import { sampleMarkdown } from '../../src-renderer/format/sample-text.ts';
import { verdictChanges } from '../../src-renderer/format/timeline.ts';
import { comparisonRecord, runRecord, sampleDetail } from './samples.ts';

describe('a comparison in figures', () => {
  it('is a headline only where it counted something', () => {
    const empty = comparisonRecord({
      id: 'empty',
      counts: {
        ...comparisonRecord().counts,
        kinds: { negative: 0, positive: 0, 'kept-right': 0, 'kept-wrong': 0, unchanged: 0, tied: 19, missing: 0 },
      },
    });
    expect(headlines([empty, comparisonRecord()], new Map()).map(({ id }) => id)).toEqual(['comparison-1']);
  });
});

describe('the token ledger', () => {
  const tokens = ledgerTokens({
    part: 'output',
    tokens: ['a', 'b', 'c', 'd'],
    leftLogProbs: [-1, -1, -1, -1],
    rightLogProbs: [-0.5, -0.8, -2, -1.5],
  });
  it('sums differences as it goes', () => {
    expect(tokens.map(({ running }) => Number(running.toFixed(6)))).toEqual([0.5, 0.7, -0.3, -0.8]);
  });
  it('finds where the preference changed sign for good', () => {
    expect(turningPoint(tokens)).toBe(2);
    expect(turningPoint(tokens.slice(0, 2))).toBeNull();
  });
  it('shows tokens that are nothing but blanks', () => {
    expect([' ', '\n', '', ' the'].map(visibleToken)).toEqual(['␣', '↵', '∅', ' the']);
  });
});

describe('a timeline in words', () => {
  const marks = (...verdicts: ('right' | 'wrong' | 'tie' | null)[]) =>
    verdicts.map((verdict, step) => ({ verdict, step }));
  it('tells the first change and how many there were', () => {
    expect(verdictChanges(marks('right', 'right', 'wrong', 'wrong'))).toBe('first lost at step 2, then kept');
    expect(verdictChanges(marks('wrong', 'right', 'wrong', 'right'))).toBe('first gained at step 1, 3 changes in all');
    expect(verdictChanges(marks('right', 'tie', null, 'right'))).toBe('always right');
    expect(verdictChanges(marks(null))).toBe('never judged');
  });
});

describe('colours', () => {
  const chart = (title: string, names: string[]) => ({
    ...{ title, xLabel: 'step', yLabel: title, yIsShare: false },
    series: names.map((name) => ({ name, points: [{ x: 1, y: 2, low: null, high: null, label: 'step 1' }] })),
  });

  it('mean one run in all charts of a report, not a place in each', () => {
    const report = { curves: [chart('loss', ['DPO', 'guarded'])], frontiers: [chart('guard/loss', ['guarded'])] };
    const coloursOf = (one: ReturnType<typeof chart>) =>
      alignedSeries(one, seriesLooks(report), ['blue', 'red']).series.map(({ name, colour }) => [name, colour]);
    expect(coloursOf(report.curves[0] ?? chart('', []))).toEqual([
      ['DPO', 'blue'],
      ['guarded', 'red'],
    ]);
    expect(coloursOf(report.frontiers[0] ?? chart('', []))).toEqual([['guarded', 'red']]);
  });

  it('stay with a method of the frontier when a newer one is tried', () => {
    const points = (...methods: string[]) => methods.map((method) => ({ method }) as FrontierPoint);
    const first = points('DPO', 'before training');
    expect(methodsOf(first)).toEqual(['DPO', 'before training']);
    expect(methodsOf([...points('interpolation', 'DPO + FlipGuard', 'before training'), ...first])).toEqual([
      'DPO',
      'DPO + FlipGuard',
      'interpolation',
      'before training',
    ]);
    // Weights between two others keep their look whatever is next to them, in the frontier as in a report.
    const report = { curves: [], frontiers: [chart('reward', ['DPO', 'interpolation'])] };
    const looks = methodLooks(points('interpolation', 'DPO + guard set', 'DPO'));
    expect(looks.get('interpolation')).toBe(seriesLooks(report).get('interpolation'));
    expect(new Set(looks.values()).size).toBe(3);
  });
});

describe('charts as files', () => {
  const chart = {
    title: 'a < b',
    xLabel: 'step',
    x: [1, 2],
    series: [{ name: '=cmd()', values: [0.5, null], colour: 'rgb(1,2,3)' }],
  };
  it('write every value, and no cell that a spreadsheet would run', () => {
    expect(chartCsv(chart)).toBe("step,'=cmd()\n1,0.5\n2,\n");
  });
  it('escape what they draw', () => {
    expect(chartSvg(chart)).toContain('a &lt; b');
  });
});

describe('other texts', () => {
  it('find by words, starts of words first', () => {
    const names = ['redo the plan', 'dpo flipguard', 'plain dpo'];
    expect(ranked(names, (name) => name, 'dpo', 10)).toEqual(['dpo flipguard', 'plain dpo']);
    expect(ranked(names, (name) => name, 'pl dp', 10)).toEqual(['plain dpo']);
    expect(ranked(names, (name) => name, '', 2).length).toBe(2);
  });
  it('fence a sample’s texts, whatever is in them', () => {
    const text = sampleMarkdown(sampleDetail(1, { prompt: '```\n# not a heading' }), 'old', 'new');
    expect(text).toContain('````\n```\n# not a heading\n````');
  });
  it('hang runs under the runs they came from', () => {
    const runs = [
      runRecord({ id: 'c', parentRunId: 'a', createdAt: 3 }),
      runRecord({ id: 'a', createdAt: 1 }),
      runRecord({ id: 'b', parentRunId: 'a', createdAt: 2 }),
      runRecord({ id: 'd', parentRunId: 'gone', createdAt: 4 }),
    ];
    expect(lineage(runs).map(({ run, depth, through }) => [run.id, depth, through])).toEqual([
      ['a', 0, []],
      ['b', 1, [0]],
      ['c', 1, []],
      ['d', 0, []],
    ]);
  });
  it('shuffle sides in blind mode, the same way each time', () => {
    const swaps = Array.from({ length: 1000 }, (_, key) => blindSwap(key));
    expect(swaps).toEqual(Array.from({ length: 1000 }, (_, key) => blindSwap(key)));
    const swapped = swaps.filter(Boolean).length;
    expect(swapped).toBeGreaterThan(450);
    expect(swapped).toBeLessThan(550);
  });
});
