import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../src-main/reports/html/page.ts';
import { renderMarkdown } from '../../src-main/reports/markdown.ts';
import { reportModel, worstFirst } from '../../src-main/shared/domain/reports/report-model.ts';
import { reportRowOf } from '../../src-main/shared/domain/reports/report-row.ts';
import type { ReportRow } from '../../src-main/shared/domain/reports/report-row.ts';
import { rowEncoder } from '../../src-main/reports/rows/row-encoder.ts';
import { applyTemplate } from '../../src-main/reports/template.ts';
import { fixtureReport } from './fixture.ts';

const model = fixtureReport();

describe('a template', () => {
  it('leaves what it leaves out out of the file', () => {
    const html = renderHtml(applyTemplate(model, { sections: ['headline', 'exclusions'] }));
    expect(html.match(/<section id="[a-z]+"/g)).toEqual(['<section id="headline"', '<section id="exclusions"']);
    expect(html).not.toContain('story-');
  });
  it('without texts carries none, anywhere', () => {
    const redacted = applyTemplate(model, { redact: { texts: true } });
    for (const file of [renderHtml(redacted), renderMarkdown(redacted)]) {
      expect(file).not.toMatch(/Once there was|friend|cried|Became cheerful/);
      expect(file).toContain('left out of this report');
    }
    expect(redacted.comparisons[0]?.summary.negativeFlips).toBe(model.comparisons[0]?.summary.negativeFlips);
  });
  it('withholds samples with a private tag, and the tag itself', () => {
    const tagged = reportModel({
      ...model,
      cases: model.cases.map((one, i) => (i === 0 ? { ...one, row: { ...one.row, tags: ['secret-project'] } } : one)),
    });
    const kept = applyTemplate(tagged, { redact: { privateTags: ['secret-project'] } });
    expect(kept.cases).toHaveLength(model.cases.length - 1);
    expect(kept.annotations).toEqual([]);
    expect(renderHtml(kept)).not.toContain('secret-project');
    expect(kept.exclusions.at(-1)).toMatchObject({ count: 1 });
    // Words that stand out may come from the samples that are withheld.
    expect(model.comparisons[0]?.search?.found.some(({ family }) => family === 'word')).toBe(true);
    expect(kept.comparisons[0]?.search?.found.filter(({ family }) => family === 'word')).toEqual([]);
  });
  it('withholds the samples of a private slice', () => {
    const kept = applyTemplate(model, { redact: { privateTags: ['negative words'] } });
    expect(kept.cases.length).toBeLessThan(model.cases.length);
    expect(renderHtml(kept)).not.toContain('negative words');
  });
});

describe('rows', () => {
  const rows: ReportRow[] = model.cases.map(({ row }) => row);

  it('the worst come first, in an order that does not depend on how they came', () => {
    const worst = worstFirst(model.cases);
    expect(worstFirst([...model.cases].reverse())).toEqual(worst);
    expect(worst.map(({ row }) => row.delta ?? 0)).toEqual(
      [...worst.map(({ row }) => row.delta ?? 0)].sort((a, b) => a - b),
    );
  });
  it('an infinite score becomes null, as JSON has none', () => {
    const flip = {
      sampleId: 's',
      kind: 'negative' as const,
      delta: -Infinity,
      prompt: 'p',
      target: null,
      rejected: null,
      note: '',
      leftOutput: 'a',
      rightOutput: null,
      leftScore: 0,
      rightScore: -Infinity,
      leftVerdict: 'right' as const,
      rightVerdict: null,
      slices: [],
      tags: [],
      stability: null,
      changes: [],
    };
    expect(reportRowOf(flip)).toMatchObject({ delta: null, left: { score: 0 }, right: { output: null, score: null } });
  });
  it('Parquet holds them exactly, lists and nulls too, over several batches', async () => {
    const encoder = rowEncoder('parquet', model);
    encoder.begin();
    encoder.rows(rows.slice(0, 3));
    encoder.rows(rows.slice(3));
    const bytes = encoder.end();
    if (typeof bytes === 'string') throw new Error('Parquet is bytes');
    const file = bytes.slice().buffer;
    const read = await parquetReadObjects({ file });
    expect(read).toHaveLength(rows.length);
    expect(read[0]).toEqual({
      sample_id: rows[0]?.sampleId,
      kind: 'negative',
      delta: rows[0]?.delta,
      left_verdict: 'right',
      right_verdict: 'wrong',
      left_score: rows[0]?.left.score,
      right_score: rows[0]?.right.score,
      slices: rows[0]?.slices,
      tags: rows[0]?.tags,
      stability: null,
      prompt: rows[0]?.prompt,
      target: 'cried',
      left_output: rows[0]?.left.output,
      right_output: rows[0]?.right.output,
      rejected: null,
      note: '',
    });
  });
  it('an empty comparison is a file too, in every format', () => {
    for (const format of ['csv', 'json', 'ndjson', 'parquet'] as const) {
      const encoder = rowEncoder(format, model);
      const text = encoder.begin() + encoder.rows([]);
      const end = encoder.end();
      expect(format === 'ndjson' ? 1 : text.length + end.length).toBeGreaterThan(0);
      if (format === 'json') expect((JSON.parse(text + String(end)) as { rows: unknown[] }).rows).toEqual([]);
    }
  });
});

it('a report of nothing is still a report', () => {
  const empty = reportModel({
    createdAt: '2030-01-01T00:00:00Z',
    title: 'Nothing',
    question: '',
    subject: { kind: 'run', ids: ['r'] },
  });
  expect(renderHtml(empty)).toContain('<h1><bdi>Nothing</bdi></h1>');
  expect(renderMarkdown(empty)).toBe('# Nothing\n\nWritten 2030-01-01T00:00:00Z\n');
});
