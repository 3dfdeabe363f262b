import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ComparisonSummary } from '../../src-main/shared/domain/statistics/comparison-summary.ts';
import { documentOf, flipguard } from '../helpers/cli.ts';
import { smallModel, temporaryFolder, withSmallModel } from '../helpers/workbench.ts';

const things = ['dog', 'cat', 'girl', 'boy', 'tree', 'fish', 'frog', 'bear'];

test.skipIf(smallModel === null)(
  `old outputs against new ones, with the floor of two samplings${withSmallModel}`,
  async () => {
    const folder = temporaryFolder();
    const workspace = path.join(folder, 'workspace');
    const run = (...args: string[]) => flipguard(workspace, ...args);
    const file = path.join(folder, 'prompts.jsonl');
    writeFileSync(
      file,
      things.map((thing) => `${JSON.stringify({ prompt: `Once there was a happy ${thing}` })}\n`).join(''),
    );
    await run('import', 'model', smallModel ?? '', '--name', 'm');
    const head = ['import', 'suite', file, '--kind', 'outputs', '--max-new-tokens', '10'];
    const bare = await run(...head, '--name', 'bare');
    const cut = await run(...head, '--name', 'cut', '--scorer', 'lexicon:afinn', '--threshold', '1');
    expect([bare.status, cut.status, `${bare.stderr}${cut.stderr}`]).toEqual([
      2,
      2,
      expect.stringMatching(/needs a scorer[^]*a threshold would hide a fall/),
    ]);
    await run(...head, '--name', 'sampled', '--scorer', 'lexicon:afinn', '--temperature', '1');
    await run('evaluate', 'm', '--suite', 'sampled', '--name', 'old');
    await run('evaluate', 'm', '--suite', 'sampled', '--seed', '9', '--name', 'new');
    const summary = documentOf<ComparisonSummary>(await run('--json', 'compare', 'old', 'new'));
    expect(summary.rule).toMatchObject({ kind: 'margin', tau: 0 });
    expect(summary.floor).toMatchObject({ n: 8 });
    // Another seed of the same model: what fell beyond the floor is what the pairs say, and no more.
    expect(summary.floor?.excess.value).toBeCloseTo((summary.nfr.value ?? NaN) - (summary.floor?.nfr ?? NaN), 12);
    const gate = await run('gate', 'old', 'new', '--max-nfr', '0.02');
    expect(gate.stdout).toContain('two samplings of the old model make');
    // Texts that end before the first word counts.
    const texts = path.join(folder, 'texts.jsonl');
    writeFileSync(texts, '{"text": "Once there was a happy dog."}\n');
    await run('import', 'suite', texts, '--kind', 'words', '--name', 'short');
    const none = await run('evaluate', 'm', '--suite', 'short');
    expect(none.stderr).toContain('“short” gave no sample: words of 4 letters or more are asked for from token 25');
  },
);
