import type { TrainJob } from '../../shared/domain/jobs.ts';
import { sourceOfRow } from '../../shared/domain/train-sources.ts';

/** How often each sample is seen in one pass over a mixture; undefined where all are seen once. */
export function sampleWeights(sources: TrainJob['trainSources'], sampleIds: readonly string[]): number[] | undefined {
  if (sources === undefined) return undefined;
  const weights = new Map(sources.map(({ datasetId, weight }) => [datasetId, weight]));
  return sampleIds.map((id) => weights.get(sourceOfRow(id) ?? '') ?? 1);
}
