import type { ReportModel } from './report-model.ts';

/** Which colour, shape and dash a series has, by its name: the same in every chart of a report, in its file and opened again. */
export type SeriesLooks = ReadonlyMap<string, number>;

/** How many colours there are before they start anew. */
export const seriesColours = 8;

export function seriesLooks({ curves, frontiers }: Pick<ReportModel, 'curves' | 'frontiers'>): SeriesLooks {
  const names = [...curves, ...frontiers].flatMap(({ series }) => series.map(({ name }) => name));
  return new Map([...new Set(names)].map((name, index) => [name, index]));
}
