import { describe, expect, it } from 'vitest';
import { renderHtml } from '../../src-main/reports/html/page.ts';
import { rowEncoder } from '../../src-main/reports/rows/row-encoder.ts';
import { readReport } from '../../src-main/imports/reports/read-report.ts';
import { reportSections } from '../../src-main/shared/domain/reports/report-model.ts';
import { fixtureReport } from './fixture.ts';

const model = fixtureReport();
const html = renderHtml(model);

describe('the HTML report', () => {
  it('is the same bytes for the same input, but for the timestamp passed in', () => {
    expect(renderHtml(fixtureReport())).toBe(html);
    const later = renderHtml(fixtureReport('2031-01-01T00:00:00.000Z'));
    expect(later).not.toBe(html);
    expect(later.replaceAll('2031-01-01T00:00:00.000Z', model.createdAt)).toBe(html);
  });

  it('asks nothing of the network', () => {
    expect(html).not.toMatch(/(?:src|href)="(?!#)/);
    expect(html).not.toMatch(/url\(|@import|https?:/);
  });

  it('has every section, each reachable from the top', () => {
    // Kinds of change are where they were counted; those of this report were not.
    for (const section of reportSections.filter((name) => name !== 'why')) {
      expect(html).toContain(`<section id="${section}">`);
      expect(html).toContain(`<a href="#${section}">`);
    }
  });

  it('shows the counts with their intervals', () => {
    const { summary } = model.comparisons[0] ?? { summary: undefined };
    expect(html).toContain(`${summary?.negativeFlips} of 600 samples got worse`);
    expect(html).toContain('flips in opposite directions cancel in it');
  });

  it('opens again as the model it was made from', () => {
    expect(readReport(html)).toEqual(model);
  });
});

describe('opening a report', () => {
  const [first] = model.cases;
  const jsonOf = (rows: unknown[], report = model) => {
    const encoder = rowEncoder('json', report);
    return `${encoder.begin()}${encoder.rows(rows as never)}${encoder.end() as string}`;
  };

  it('reads the JSON too: all flips of its rows, with the ledgers there are, and no sample that did not change', () => {
    const repaired = { ...first?.row, sampleId: 'repaired', kind: 'positive' };
    const kept = { ...first?.row, sampleId: 'kept', kind: 'kept-right' };
    const single = { ...model, comparisons: model.comparisons.slice(0, 1) };
    const read = readReport(jsonOf([first?.row, kept, repaired], single));
    expect(read.cases.map(({ row, ledgers }) => [row.sampleId, ledgers])).toEqual([
      [first?.row.sampleId, first?.ledgers],
      ['repaired', []],
    ]);
    expect(read.comparisons).toEqual(single.comparisons);
  });
  it.each([
    ['rows that do not fit', jsonOf([{ sampleId: 7 }]), 'corrupt', /rows\.0/],
    ['JSON of something else', '{"a": 1}', 'bad-input', /not a report/],
    ['JSON cut short', jsonOf([first?.row]).slice(0, -9), 'corrupt', /not JSON/],
  ])('refuses %s', (_, text, code, message) => {
    expect(() => readReport(text, 'r.json')).toThrowError(
      expect.objectContaining({ code, message: expect.stringMatching(message) as string }),
    );
  });
  it.each([
    ['not a report', '<html></html>', 'bad-input'],
    ['damaged', html.replace('{"format":', '{"format":,'), 'corrupt'],
    ['of another version', html.replace('"version":1', '"version":2'), 'unsupported'],
    ['that does not fit', html.replace('"casesTotal":', '"casesTotal":"many","was":'), 'corrupt'],
    ['cut short', html.slice(0, html.indexOf('"casesTotal"')), 'bad-input'],
  ])('refuses one %s', (_, text, code) => {
    expect(() => readReport(text, 'r.html')).toThrowError(expect.objectContaining({ code, place: expect.anything() }));
  });
  it('names the field that does not fit', () => {
    const wrong = html.replace('"casesTotal":', '"casesTotal":"many","was":');
    expect(() => readReport(wrong)).toThrowError(expect.objectContaining({ place: { field: 'casesTotal' } }));
  });
});
