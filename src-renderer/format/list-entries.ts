import type { GridGroup, ListGrouping } from '../components/base/grid-column.ts';

/** What is in a line of a list: a row, or the heading of a group. */
export type ListEntry<Row> = { row: Row; group?: undefined } | { row: null; group: GridGroup & { name: string } };

/** Rows under the headings of their groups, by name; a row of several groups is in each, one of none at the end. */
export function groupedEntries<Row>(
  rows: readonly Row[],
  grouping: ListGrouping<Row> | null,
  closed: readonly string[],
): ListEntry<Row>[] {
  if (grouping === null) return rows.map((row) => ({ row }));
  const groups = new Map<string, Row[]>();
  const rest: Row[] = [];
  for (const row of rows) {
    const names = grouping.of(row);
    if (names.length === 0) rest.push(row);
    for (const name of names) groups.set(name, [...(groups.get(name) ?? []), row]);
  }
  const named = [...groups].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  const parts = [
    ...named.map(([name, list]) => ({ name, label: name, list })),
    ...(rest.length === 0 ? [] : [{ name: '', label: grouping.rest, list: rest }]),
  ];
  return parts.flatMap(({ name, label, list }): ListEntry<Row>[] => {
    const open = !closed.includes(name);
    const head: ListEntry<Row> = { row: null, group: { name, label, count: list.length, open } };
    return open ? [head, ...list.map((row) => ({ row }))] : [head];
  });
}
