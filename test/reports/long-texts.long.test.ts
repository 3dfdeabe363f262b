import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { reportCharacters, shortened } from '../../src-main/shared/domain/long-texts.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';
import { evaluationMap, openTestWorkbench, temporaryFolder, writeEvaluation } from '../helpers/workbench.ts';

const output = (side: string, i: number): string => `${side} ${i} ${'lorem ipsum '.repeat(100_000)} end ${i}`;

test('what is shortened says how much is gone and stays as it is when it is shortened again', () => {
  const text = `${'a'.repeat(30_000)}${'z'.repeat(1000)}`;
  const short = shortened(text, 20_000, 'it is elsewhere');
  expect(short.length).toBeLessThanOrEqual(20_000);
  expect(short).toMatch(/^a+\n\n\[… 11,250 characters are left out here; it is elsewhere …\]\n\nz+$/);
  expect(shortened(short, 20_000, 'it is elsewhere')).toBe(short);
  expect(shortened('short', 20_000, '')).toBe('short');
});

test('a report over texts of megabytes stays small, keeps them whole next to it, and opens again', async () => {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const verdicts = { old: '111111', new: '000011' };
  const ids: string[] = [];
  for (const [name, row] of Object.entries(verdicts)) {
    const source = writeEvaluation(path.join(folder, `${name}.jsonl`), row, (i) => ({ output: output(name, i) }));
    const imported = await workbench.imports.evaluation({ source, name, map: evaluationMap }, quietTask());
    ids.push(imported.id);
  }
  const [old = '', now = ''] = ids;
  const comparison = await workbench.comparisons.ready(old, now, undefined, quietTask());
  const subject = { kind: 'comparison', comparisonId: comparison.id } as const;
  const html = await workbench.reports.write({ subject, format: 'html' }, path.join(folder, 'r.html'), quietTask());
  expect(html.sizeBytes).toBeLessThan(2_000_000);
  const whole = readFileSync(path.join(folder, 'r.texts.ndjson'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { sampleId: string; left: string });
  expect(whole.map(({ sampleId, left }) => [sampleId, left])).toEqual(
    [0, 1, 2, 3].map((i) => [`s${i}`, output('old', i)]),
  );
  const json = await workbench.reports.write({ subject, format: 'json' }, path.join(folder, 'r.json'), quietTask());
  // Programs get everything, and need no second file.
  expect([json.texts, statSync(json.path).size > 12 * output('old', 0).length]).toEqual([null, true]);
  for (const file of [html.path, json.path]) {
    const { report } = await workbench.reports.read(file);
    const lengths = report.cases.map(({ row }) => (row.left.output ?? '').length <= reportCharacters);
    expect([report.casesTotal, lengths]).toEqual([4, [true, true, true, true]]);
  }
  const hidden = path.join(folder, 'hidden.html');
  const redacted = { subject, format: 'html', redact: { texts: true } } as const;
  expect((await workbench.reports.write(redacted, hidden, quietTask())).texts).toBeNull();
  expect(existsSync(path.join(folder, 'hidden.texts.ndjson'))).toBe(false);
});

test('a report of strangers is read in a process of its own, and answered in a sentence', async () => {
  const workbench = await openTestWorkbench();
  const folder = temporaryFolder();
  const opening = '<script type="application/json" id="flipguard-report">';
  const files = {
    'none.html': '<p>no data</p>',
    'torn.html': `${opening}{"format":`,
    'other.html': `${opening}{"version":1}</script>`,
    'later.html': `${opening}{"version":99}</script>`,
    'list.json': '{"a":[1,2',
    'rows.json': '{"rows":[{"sampleId":1}],"report":{}}',
    'torn.json': '{"report":{},"rows":[{"sampleId":"a"',
    'deep.json': `{"report":${'['.repeat(200_000)}`,
    'empty.json': '',
  };
  const codes: Record<string, string> = {};
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    writeFileSync(file, text);
    await workbench.reports.read(file).catch((error: { code: string; message: string; remedy?: string }) => {
      codes[name] = error.code;
      expect([name, error.message.endsWith('.'), (error.remedy ?? '') !== '']).toEqual([name, true, true]);
    });
  }
  expect(codes).toEqual({
    'none.html': 'bad-input',
    'torn.html': 'bad-input',
    'other.html': 'corrupt',
    'later.html': 'unsupported',
    'list.json': 'bad-input',
    'rows.json': 'corrupt',
    'torn.json': 'corrupt',
    'deep.json': 'bad-input',
    'empty.json': 'bad-input',
  });
});
