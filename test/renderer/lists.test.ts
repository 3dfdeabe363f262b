import { describe, expect, test } from 'vitest';
import {
  fitting,
  laidOut,
  moved,
  nudged,
  plainLayout,
  readLayout,
  resized,
  toggled,
} from '../../src-renderer/format/column-layout.ts';
import { groupedEntries } from '../../src-renderer/format/list-entries.ts';
import { overlayCharts } from '../../src-renderer/format/overlay-charts.ts';
import { sharedBeginnings } from '../../src-renderer/format/shared-beginnings.ts';

const column = (key: string, bare = false) => ({ key, label: key, width: '1fr', bare });
const columns = [column('mark', true), column('a'), column('b'), column('c'), column('more', true)];
const keys = (list: readonly { key: string }[]) => list.map(({ key }) => key).join(' ');

test('columns that can be spared leave where a list is narrow, the last one first', () => {
  const wide = [
    { key: 'name', label: 'Name', width: 'minmax(180px, 2fr)' },
    { key: 'first', label: 'First', width: '60px', spare: true },
    { key: 'kept', label: 'Kept', width: '90px' },
    { key: 'last', label: 'Last', width: '70px', spare: true },
  ];
  expect([400, 399, 330, 100].map((width) => keys(fitting(wide, width)))).toEqual([
    'name first kept last',
    'name first kept',
    'name first kept',
    'name kept',
  ]);
  // Before it is measured it has all.
  expect(fitting(wide, 0)).toEqual(wide);
});

describe('columns that a person arranged', () => {
  test('move, hide and take a width, while those without a heading stay', () => {
    const first = moved(columns, plainLayout, 'c', 'a');
    expect(keys(laidOut(columns, first))).toBe('mark c a b more');
    expect(keys(laidOut(columns, moved(columns, first, 'c', null)))).toBe('mark a b c more');
    expect(keys(laidOut(columns, toggled(first, 'a')))).toBe('mark c b more');
    expect(laidOut(columns, resized(first, 'b', 130.4)).find(({ key }) => key === 'b')?.width).toBe('130px');
    expect(resized(resized(first, 'b', 3), 'a', 1e6).widths).toEqual({ a: 1200, b: 44 });
    expect(resized(resized(first, 'b', 90), 'b', null)).toEqual(first);
  });

  test('go one place either way, and no further than the ends', () => {
    expect(keys(laidOut(columns, nudged(columns, plainLayout, 'b', -1)))).toBe('mark b a c more');
    expect(keys(laidOut(columns, nudged(columns, plainLayout, 'b', 1)))).toBe('mark a c b more');
    expect(keys(laidOut(columns, nudged(columns, plainLayout, 'a', -1)))).toBe('mark a b c more');
    expect(keys(laidOut(columns, nudged(columns, plainLayout, 'c', 1)))).toBe('mark a b c more');
  });

  test('one is always there, new ones have their place, and what does not fit is forgotten', () => {
    const none = { ...plainLayout, hidden: ['a', 'b', 'c'] };
    expect(keys(laidOut(columns, none))).toBe('mark a more');
    const old = { order: ['c', 'gone', 'a'], hidden: ['gone'], widths: {} };
    expect(keys(laidOut(columns, old))).toBe('mark c a b more');
    expect(readLayout('{"order":[1,"a"],"hidden":"x","widths":{"a":50,"b":"wide","c":2}}')).toEqual({
      order: ['a'],
      hidden: [],
      widths: { a: 50 },
    });
    expect(readLayout('not json')).toEqual(plainLayout);
  });
});

test('names are cut in what they share with another, not in a number', () => {
  expect(
    Object.fromEntries(sharedBeginnings(['samples_x_2026-11-23', 'samples_x_2026-11-24', 'other', 'run 12', 'run 15'])),
  ).toEqual({
    'samples_x_2026-11-23': 18,
    'samples_x_2026-11-24': 18,
    other: 0,
    'run 12': 4,
    'run 15': 4,
  });
});

test('rows are under their groups by name, in each that they are in, and those without one at the end', () => {
  const rows = [
    { id: '1', tags: ['paper', 'b'] },
    { id: '2', tags: [] },
    { id: '3', tags: ['b'] },
  ];
  const byTag = { value: 'tag', label: 'Tag', rest: 'No tag', of: (row: { tags: string[] }) => row.tags };
  const entries = groupedEntries(rows, byTag, ['paper']);
  expect(entries.map(({ row, group }) => row?.id ?? `${group?.label} ${group?.count} ${group?.open}`)).toEqual([
    'b 2 true',
    '1',
    '3',
    'paper 1 false',
    'No tag 1 true',
    '2',
  ]);
  expect(groupedEntries(rows, null, []).map(({ row }) => row?.id)).toEqual(['1', '2', '3']);
});

test('several runs share a chart per metric, over the steps that any of them has', () => {
  const run = (id: string, series: { name: string; steps: number[]; values: number[] }[]) => ({
    id,
    name: `run ${id}`,
    colour: 'red',
    series,
  });
  const charts = overlayCharts(
    [
      run('a', [{ name: 'loss', steps: [1, 3], values: [0.7, 0.5] }]),
      run('b', [
        { name: 'loss', steps: [2, 3], values: [0.6, 0.4] },
        { name: 'kl', steps: [3], values: [0.1] },
      ]),
    ],
    0,
  );
  expect(charts.find(({ metric }) => metric === 'loss')).toEqual({
    metric: 'loss',
    x: [1, 2, 3],
    series: [
      { name: 'run a', colour: 'red', values: [0.7, null, 0.5] },
      { name: 'run b', colour: 'red', values: [null, 0.6, 0.4] },
    ],
  });
  expect(charts.find(({ metric }) => metric === 'kl')?.series.map(({ name }) => name)).toEqual(['run b']);
});
