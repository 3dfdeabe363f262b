import type { RunSpec } from './run-spec.ts';

/** One dataset of a mixture. `weight`: how often each of its rows is seen in one pass over the data. */
export interface TrainSource {
  name: string;
  weight: number;
}

type Choice = Pick<RunSpec, 'dataset'>;

/** The datasets of a run; a single one counts once. */
export function trainSources({ dataset: { train } }: Choice): TrainSource[] {
  return typeof train === 'string' ? [{ name: train, weight: 1 }] : train;
}

export function isMixture({ dataset: { train } }: Choice): boolean {
  return typeof train !== 'string' && (train.length > 1 || train[0]?.weight !== 1);
}

/** As lists name it: `pairs`, or `2 × pairs + chats`. */
export function trainLabel(spec: Choice): string {
  return trainSources(spec)
    .map(({ name, weight }) => (weight === 1 ? name : `${weight} × ${name}`))
    .join(' + ');
}

/** Ids of a mixture's rows say which dataset they are of, so that two datasets may use the same ids. */
export function mixedRowId(datasetId: string, rowId: string): string {
  return `${datasetId}/${rowId}`;
}

/** The dataset's id of a mixture's row; null of a row that is of none. */
export function sourceOfRow(rowId: string): string | null {
  const end = rowId.indexOf('/');
  return end < 0 ? null : rowId.slice(0, end);
}
