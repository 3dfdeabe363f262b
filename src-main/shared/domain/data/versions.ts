import type { DatasetRecord } from '../entities.ts';

/** The first dataset of a line of versions that is still here: what was imported, or the oldest one left. */
export function originOf(dataset: DatasetRecord, datasets: readonly DatasetRecord[]): DatasetRecord {
  let origin = dataset;
  for (;;) {
    const parent = datasets.find(({ id }) => id === origin.parentId);
    if (parent === undefined) return origin;
    origin = parent;
  }
}

/** A dataset and everything that was made of it, parents before children, older versions before newer ones. */
export function versionsOf(
  origin: DatasetRecord,
  datasets: readonly DatasetRecord[],
  depth = 0,
): { dataset: DatasetRecord; depth: number }[] {
  const children = datasets
    .filter(({ parentId }) => parentId === origin.id)
    .toSorted((a, b) => a.createdAt - b.createdAt);
  return [{ dataset: origin, depth }, ...children.flatMap((child) => versionsOf(child, datasets, depth + 1))];
}
