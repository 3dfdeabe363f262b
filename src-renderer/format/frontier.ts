import type { FrontierPoint } from '@shared/contract/views.ts';
import { looksOf } from '@shared/domain/reports/series-looks.ts';
import type { SeriesLooks } from '@shared/domain/reports/series-looks.ts';

export type FrontierAxis = 'reward' | 'kl' | 'accuracy';

export function xValue(point: FrontierPoint, axis: FrontierAxis): number | null {
  return point[axis];
}

/** Methods in the order in which they were first tried, those without training last. Points come newest first. */
export function methodsOf(points: readonly FrontierPoint[]): string[] {
  const untrained = ['interpolation', 'merging', 'no training', 'before training'];
  const methods = [...new Set(points.toReversed().map(({ method }) => method))];
  return methods.sort((a, b) => untrained.indexOf(a) - untrained.indexOf(b));
}

/** Which colour and shape each method has, as in reports; a new run takes none from an older one. */
export function methodLooks(points: readonly FrontierPoint[]): SeriesLooks {
  return looksOf(methodsOf(points));
}

export interface ShownMethod {
  method: string;
  look: number;
}
/** For a legend, which leaves out what has no point to show. */
export function shownMethods(points: readonly FrontierPoint[]): ShownMethod[] {
  const shown = points.filter(({ nfr }) => nfr !== null);
  const looks = methodLooks(points);
  return methodsOf(points)
    .filter((method) => shown.some((point) => point.method === method))
    .map((method) => ({ method, look: looks.get(method) ?? 0 }));
}

/** Points of different methods differ in shape, not in colour alone. */
const shapes = [
  'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0Z',
  'M-4 -4h8v8h-8Z',
  'M0 -5.2L5 3.6H-5Z',
  'M0 -5.6L5.6 0L0 5.6L-5.6 0Z',
  'M-1.6 -5h3.2v3.4h3.4v3.2h-3.4v3.4h-3.2v-3.4h-3.4v-3.2h3.4Z',
  'M0 5.2L5 -3.6H-5Z',
];
export function methodShape(index: number): string {
  return shapes[Math.max(0, index) % shapes.length] ?? '';
}

/** Points as CSV, for a figure made elsewhere. */
export function frontierCsv(points: FrontierPoint[]): string {
  const head = 'run,method,step,seed,reward,kl,accuracy,nfr,nfr_low,nfr_high,pfr';
  const quote = (text: string) => `"${text.replaceAll('"', '""').replace(/^([=+\-@])/, "'$1")}"`;
  const lines = points.map((point) =>
    [
      quote(point.runName),
      quote(point.method),
      point.step ?? '',
      point.seed ?? '',
      point.reward ?? '',
      point.kl ?? '',
      point.accuracy ?? '',
      point.nfr?.value ?? '',
      point.nfr?.low ?? '',
      point.nfr?.high ?? '',
      point.pfr?.value ?? '',
    ].join(','),
  );
  return [head, ...lines].join('\n') + '\n';
}

/** What sampling alone makes of the points shown, each floor once: runs of one model, sampled by one seed, share it. */
export function floorsOf(points: readonly FrontierPoint[]): NonNullable<FrontierPoint['floor']>[] {
  const known = points.flatMap(({ floor }) => floor ?? []);
  return [...new Map(known.map((floor) => [floor.nfr, floor])).values()];
}
