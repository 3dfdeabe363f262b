import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ComparisonSummary } from '../../src-main/shared/domain/statistics/comparison-summary.ts';
import { documentOf, flipguard, startCli } from '../helpers/cli.ts';
import { writeEvaluation } from '../helpers/workbench.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-cli-'));
const workspace = path.join(folder, 'workspace');
afterAll(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
const run = (...args: string[]) => flipguard(workspace, ...args);
const map = 'id=id,prompt=prompt,output=output,correct=correct,slice=slice';

/** Twenty samples: 3 negative flips, 1 positive, in two slices. */
const old = '11111111110000000000';
const now = '11111110001000000000';

beforeAll(async () => {
  for (const [name, verdicts] of [
    ['old', old],
    ['new', now],
  ] as const) {
    const file = writeEvaluation(path.join(folder, `${name}.jsonl`), verdicts, (i) => ({
      slice: i % 2 === 0 ? 'even' : 'odd',
    }));
    const answer = await run('import', 'eval', file, '--name', name, '--map', map);
    expect(answer).toMatchObject({ status: 0, stdout: expect.stringContaining('20 samples') as string });
  }
});

describe('flipguard', () => {
  test('is a program: its exit status and its streams are those of the command', async () => {
    const child = startCli(workspace, ['compare', 'old', 'nobody', '--json']);
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const [status] = (await once(child, 'close')) as [number];
    expect([status, JSON.parse(stdout)]).toEqual([
      2,
      { error: expect.objectContaining({ code: 'not-found' }) as object },
    ]);
  });

  test('compares two evaluations in the shape that scripts rely on', async () => {
    const answer = await run('compare', 'old', 'new', '--json');
    expect(answer.status).toBe(0);
    const summary = documentOf<ComparisonSummary>(answer);
    expect(summary).toMatchObject({
      left: { id: expect.any(String) as string, name: 'old' },
      right: { id: expect.any(String) as string, name: 'new' },
      rule: { kind: 'verdict', ties: 'excluded' },
      n: { paired: 20, unmatchedLeft: 0, unmatchedRight: 0, missingVerdict: 0 },
      accuracy: { left: 0.5, right: 0.4 },
      negativeFlips: 3,
      positiveFlips: 1,
      nfr: { value: 0.15, method: 'wilson', level: 0.95 },
      pfr: { value: 0.05, method: 'wilson', level: 0.95 },
      netChange: { mcnemarExactP: 0.625 },
      scoreDelta: null,
    });
    expect(summary.slices.map(({ name, n, negativeFlips }) => ({ name, n, negativeFlips }))).toEqual(
      expect.arrayContaining([
        { name: 'even', n: 10, negativeFlips: 1 },
        { name: 'odd', n: 10, negativeFlips: 2 },
      ]),
    );
  });

  test('adjusts the p-values of slices after the method asked for', async () => {
    const answer = await run('compare', 'old', 'new', '--correction', 'bh');
    expect(answer.stdout).toContain('p (Benjamini–Hochberg)');
    expect((await run('compare', 'old', 'new')).stdout).toContain('p (Holm)');
  });

  test('makes a guard set of the flips that were chosen, lists it and shows what it holds', async () => {
    const made = await run('guard-set', 'create', 'odd ones', 'old', 'new', '--slice', 'odd', '--json');
    expect(documentOf(made)).toMatchObject({ name: 'odd ones', samples: 2 });
    const shown = documentOf<{ rows: { completion: string }[] }>(await run('guard-set', 'show', 'odd ones', '--json'));
    expect(shown.rows).toHaveLength(2);
    expect((await run('list', 'guard-sets')).stdout).toContain('odd ones');
    expect(await run('guard-set', 'ledger', 'odd ones', 'nobody')).toMatchObject({ status: 2 });
  });

  test.each([
    [['sweep', 'nothing.yaml', '--vary', 'seed=1,2'], 'nothing.yaml'],
    [['sweep', 'nothing.yaml', '--vary', 'seed='], 'names no values'],
    [['interpolate', 'a', 'b', '--fraction', '2', '--name', 'c'], 'not on the line'],
  ])('refuses %j with a reason', async (words, reason) => {
    const answer = await run(...words);
    expect(answer.status).toBe(2);
    expect(answer.stderr).toContain(reason);
  });

  test('keeps stdout one document whatever happens', async () => {
    const answer = await run('--json', 'compare', 'old', 'nobody');
    expect(answer.status).toBe(2);
    expect(documentOf(answer)).toMatchObject({
      error: { code: 'not-found', message: expect.stringContaining('nobody') as string },
    });
    expect(answer.stderr).toContain('nobody');
  });

  test('lists flips as NDJSON, the worst kind by default', async () => {
    const answer = await run('flips', 'old', 'new', '--json');
    const rows = answer.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ sampleId }) => sampleId).sort()).toEqual(['s7', 's8', 's9']);
    expect(rows[0]).toMatchObject({
      kind: 'negative',
      prompt: expect.stringMatching(/^Question \d\?$/) as string,
      left: { output: 'Answer 1', verdict: 'right' },
      right: { output: 'Answer 0', verdict: 'wrong' },
      tags: [],
    });
    const narrowed = await run(
      'flips',
      'old',
      'new',
      '--json',
      '--slice',
      'odd',
      '--search',
      'Question 9',
      '--limit',
      '5',
    );
    expect(narrowed.stdout.trim().split('\n')).toHaveLength(1);
  });

  test.each([
    [['--max-nfr', '0.5'], 0],
    [['--max-nfr', '0.01'], 1],
    [['--max-nfr', '0.2'], 2],
    [['--max-nfr', '2'], 2],
    [['--max-kind', 'refusal=50%'], 0],
    [['--max-kind', 'other-answer=0.01'], 1],
    [['--max-kind', 'other-answer=20%'], 2],
    [['--max-kind', 'no-such-kind=1%'], 2],
    [[], 2],
  ])('gates by exit status: %j → %i', async (limits, status) => {
    expect((await run('gate', 'old', 'new', ...limits)).status).toBe(status);
  });

  test('writes a gate’s summary and JUnit XML', async () => {
    const [markdown, junit] = [path.join(folder, 'gate.md'), path.join(folder, 'gate.xml')];
    await run('gate', 'old', 'new', '--max-nfr', '0.5', '--markdown', markdown, '--junit', junit);
    expect(readFileSync(markdown, 'utf8')).toContain('old → new');
    expect(readFileSync(junit, 'utf8')).toMatch(/^<\?xml/);
  });

  test.each(['html', 'md', 'csv', 'json', 'ndjson', 'parquet'])('writes a report as %s', async (format) => {
    const out = path.join(folder, `report.${format}`);
    const answer = await run('report', 'old', 'new', '--out', out, '--json');
    expect(documentOf(answer)).toMatchObject({ path: out, title: 'old → new' });
    expect(existsSync(out)).toBe(true);
  });

  test('lists what there is', async () => {
    const answer = await run('list', 'evals', '--json');
    expect(documentOf<{ name: string }[]>(answer).map(({ name }) => name)).toEqual(['new', 'old']);
    expect((await run('list', 'runs')).stdout).toMatch(/^No run yet\. /);
  });

  test.each([
    [['nonsense'], /unknown command/],
    [['compare', 'old'], /missing required argument/],
    [['list', 'wishes'], /Allowed choices/],
    [['compare', 'old', 'new', '--rule', 'margin:x'], /not a flip rule/],
    [['compare', 'old', 'old'], /compared with itself/],
    [['import', 'eval', 'nowhere.jsonl', '--name', 'x'], /no file or folder/],
    [['import', 'eval', 'package.json', '--name', 'old', '--map', 'id=name'], /already an evaluation/],
    [['train', 'nowhere.yaml'], /no spec at nowhere.yaml/],
    [['evaluate', 'nobody', '--suite', 'none'], /no suite/],
    [['stop', 'nobody'], /no run/],
    [['report', 'old', 'new', '--out', 'x.docx'], /names no format .*\n.*--format: html/],
    [['export', 'wishes', '--out', 'x'], /cannot be exported/],
  ])('answers 2 to what it cannot take: %j', async (args, said) => {
    const answer = await run(...args);
    expect(answer.status).toBe(2);
    expect(answer.stderr).toMatch(said);
    expect(answer.stdout).toBe('');
  });

  test('names file, line and column of a fault in a spec', async () => {
    const spec = path.join(folder, 'bad.yaml');
    writeFileSync(
      spec,
      'name: a\nmodel: m\ndataset: {train: d}\nalgorithm: {kind: dpo}\nsteps: 1\nguard:\n  epsillon: 1\n',
    );
    const answer = await run('train', spec);
    expect([answer.status, answer.stderr]).toEqual([2, expect.stringContaining(`${spec}:7:3: guard.epsillon`)]);
  });

  test('leaves bad records out, and says how many and where', async () => {
    const file = path.join(folder, 'mixed.jsonl');
    writeFileSync(file, `${readFileSync(path.join(folder, 'old.jsonl'), 'utf8')}not json\n{"id":"x"}\n`);
    const answer = await run('import', 'eval', file, '--name', 'mixed', '--map', map);
    expect(answer.status).toBe(0);
    expect(answer.stderr).toMatch(/2 records were left out/);
    const strict = await run('import', 'eval', file, '--name', 'strict', '--map', map, '--strict');
    expect([strict.status, strict.stderr]).toEqual([2, expect.stringContaining('line 21')]);
    expect((await run('list', 'evals')).stdout).not.toContain('strict');
  });
});

const shared = path.resolve(import.meta.dirname, '../../../shared/data');
const why = existsSync(shared) ? '' : ' (skipped: ../shared/data is not there)';

describe.skipIf(!existsSync(shared))(`flipguard on real evaluations${why}`, () => {
  test('finds the flips of GSM8K’s two models', async () => {
    const file = path.join(shared, 'gsm8k/example_model_solutions.jsonl');
    for (const model of ['6b_finetuning', '6b_verification']) {
      await run(
        'import',
        'eval',
        file,
        '--name',
        model,
        '--map',
        `prompt=question,target=ground_truth,output=${model}.solution,correct=${model}.is_correct`,
      );
    }
    const summary = documentOf<ComparisonSummary>(await run('compare', '6b_finetuning', '6b_verification', '--json'));
    expect(summary).toMatchObject({ n: { paired: 1319 }, negativeFlips: 64, positiveFlips: 293 });
  });

  test('finds the flips of lm-evaluation-harness’s samples', async () => {
    for (const model of ['base_15M', 'dpo_15M'])
      await run('import', 'eval', path.join(shared, 'lm_eval', model), '--name', model);
    const summary = documentOf<ComparisonSummary>(await run('compare', 'base_15M', 'dpo_15M', '--json'));
    expect(summary).toMatchObject({
      n: { paired: 397 },
      accuracy: { left: 284 / 397, right: 256 / 397 },
      negativeFlips: 39,
      positiveFlips: 11,
    });
    expect(summary.netChange.mcnemarExactP).toBeCloseTo(0.0000902, 7);
  });

  test('finds the flips of AlpacaEval’s annotations', async () => {
    for (const model of ['phi-2-sft', 'phi-2-dpo'])
      await run('import', 'eval', path.join(shared, 'alpaca_eval', model), '--name', model);
    const summary = documentOf<ComparisonSummary>(await run('compare', 'phi-2-sft', 'phi-2-dpo', '--json'));
    expect(summary).toMatchObject({ negativeFlips: 27, positiveFlips: 138 });
  });
});
