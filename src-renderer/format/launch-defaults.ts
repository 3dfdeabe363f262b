import { offeredModels } from './offered-models.ts';
import { trainSources } from '@shared/domain/train-sources.ts';
import type { DatasetRecord, ModelRecord, RunRecord, SuiteRecord } from '@shared/domain/entities.ts';

/**
 * The model and the dataset a new run starts from: those of the newest run whose model is still here, else the first model
 * that came from outside (not one mixed from checkpoints) and the first dataset of preferences.
 */
export function launchDefaults(
  models: readonly ModelRecord[],
  datasets: readonly DatasetRecord[],
  runs: readonly RunRecord[],
): { model: string; dataset: string } {
  const offered = offeredModels(models);
  const modelOf = (name: string) => offered.find((model) => model.name === name || model.id === name);
  const datasetOf = (name: string) => datasets.find((dataset) => dataset.name === name || dataset.id === name);
  const byAge = <T extends { createdAt: number }>(list: readonly T[]) =>
    [...list].sort((a, b) => a.createdAt - b.createdAt);
  const last = byAge(runs).findLast(
    ({ spec }) => modelOf(spec.model) !== undefined && datasetOf(trainSources(spec)[0]?.name ?? '') !== undefined,
  );
  const base = byAge(offered).find(
    ({ origin, state }) => origin !== 'interpolated' && origin !== 'merged' && state === 'present',
  );
  const pairs = byAge(datasets).find(({ kind }) => kind === 'preference');
  return {
    model: (last && modelOf(last.spec.model)?.name) ?? base?.name ?? offered[0]?.name ?? '',
    dataset:
      (last && datasetOf(trainSources(last.spec)[0]?.name ?? '')?.name) ?? pairs?.name ?? datasets[0]?.name ?? '',
  };
}

const mostSuites = 3;

/**
 * The suites a new run is checked on: those of the newest run that are still here, else the first few whose samples have verdicts and
 * whose answers nobody outside has to judge. Held-out pairs alone say little about what was lost.
 */
export function defaultSuites(suites: readonly SuiteRecord[], runs: readonly RunRecord[]): string[] {
  const known = new Set(suites.map(({ name }) => name));
  const newest = [...runs].sort((a, b) => b.createdAt - a.createdAt);
  const last = newest
    .map(({ spec }) => spec.evaluate.suites.filter((name) => known.has(name)))
    .find((names) => names.length > 0);
  if (last !== undefined) return last;
  const asksNobody = ({ scorer }: SuiteRecord) => scorer === undefined || !['judge', 'command'].includes(scorer.kind);
  return suites
    .filter((suite) => suite.kind !== 'pairs' && suite.origin !== 'held-out' && asksNobody(suite))
    .sort((a, b) => a.createdAt - b.createdAt)
    .slice(0, mostSuites)
    .map(({ name }) => name);
}
