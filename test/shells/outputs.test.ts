import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ComparisonSummary } from '../../src-main/shared/domain/statistics/comparison-summary.ts';
import type { NoiseFloor } from '../../src-main/shared/domain/statistics/noise-floor.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';
import { temporaryFolder } from '../helpers/workbench.ts';

/** Rewards of the same six prompts: the old model twice, under two seeds, and the new one. */
const rewards = { old: [1, 2, 3, 4, 5, 6], again: [1, 2, 3, 4, 5, 7], now: [0, 1, 3, 5, 6, 2] };

async function imported(): Promise<string> {
  const outside = temporaryFolder();
  const folder = path.join(outside, 'workspace');
  for (const [name, scores] of Object.entries(rewards)) {
    const file = path.join(outside, `${name}.jsonl`);
    const rows = scores.map((score, i) => ({ id: `p${i}`, prompt: `Prompt ${i}`, output: `${name} ${i}`, score }));
    writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
    const map = ['--map', 'id=id', 'prompt=prompt', 'output=output', 'score=score'];
    const { status, stderr } = await flipguard(folder, 'import', 'eval', file, '--name', name, ...map);
    expect(status, stderr).toBe(0);
  }
  return folder;
}

describe('outputs that have a reward and no verdict', () => {
  test('are compared prompt by prompt: a flip is a reward that fell, beyond what sampling alone does', async () => {
    const folder = await imported();
    const summary = documentOf<ComparisonSummary & { noiseFloor: NoiseFloor }>(
      await flipguard(folder, '--json', 'compare', 'old', 'now', '--repeat', 'again'),
    );
    // p0, p1 and p5 fell, p3 and p4 rose, p2 is as it was.
    expect([summary.rule, summary.negativeFlips, summary.positiveFlips, summary.n.paired]).toEqual([
      { kind: 'margin', tau: 0, direction: 'higher' },
      3,
      2,
      6,
    ]);
    // The old model's two samplings differ on one prompt of six, and either could have been the better one.
    const { n, floor, nfr, solid, flaky } = summary.noiseFloor;
    expect([n, floor.toFixed(6), nfr, solid, flaky]).toEqual([6, (1 / 12).toFixed(6), 0.5, 3, 0]);
    const gate = await flipguard(folder, 'gate', 'old', 'now', '--max-nfr', '0.1');
    expect(gate.status, gate.stdout).toBe(1);
    // A fall is a difference of rates: points in the table as in the sentence.
    const markdown = path.join(folder, 'gate.md');
    await flipguard(folder, 'gate', 'old', 'now', '--max-drop', '0.1', '--markdown', markdown);
    const lines = readFileSync(markdown, 'utf8').split('\n');
    const cells = lines.find((line) => line.startsWith('| drop'))?.split(' | ') ?? [];
    expect(cells.map((cell) => / points$/.test(cell))).toEqual([false, true, true, true, false]);
    expect(lines.find((line) => line.startsWith('- Drop'))).toMatch(/^[^%]*the limit of \+10 points\.$/);
  });
});
