import type { ReportModel } from './report-model.ts';

/** Which colour, shape and dash a series has, by its name: the same in every chart of a report, in its file, opened again, and in the frontier. */
export type SeriesLooks = ReadonlyMap<string, number>;

/** How many colours there are before they repeat. */
export const seriesColours = 8;

export function seriesLooks({ curves, frontiers }: Pick<ReportModel, 'curves' | 'frontiers'>): SeriesLooks {
  const names = [...curves, ...frontiers].flatMap(({ series }) => series.map(({ name }) => name));
  return looksOf(names);
}

/** Weights between two others are shown next to every method, so they have a look of their own wherever they are. */
const interpolationLook = 5;

/** In the order of first appearance. */
export function looksOf(names: readonly string[]): SeriesLooks {
  const trained = [...new Set(names)].filter((name) => name !== 'interpolation');
  const looks = new Map(trained.map((name, index) => [name, index < interpolationLook ? index : index + 1]));
  return names.includes('interpolation') ? looks.set('interpolation', interpolationLook) : looks;
}
