import path from 'node:path';
import type { WorkspaceSummary } from '../../shared/contract/views.ts';
import type { ImportRecord, RunRecord } from '../../shared/domain/entities.ts';
import { assertNever } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import { comparisonName } from '../../shared/presentation/names.ts';

const recentPlaces = 12;
type Attention = WorkspaceSummary['attention'][number];
type Recent = WorkspaceSummary['recent'][number];

/** What the home place shows: counts, what runs, what needs attention, what came last. */
export async function workspaceSummary(
  { store, layout, hindrance }: Core,
  about: { version: string; shell: 'electron' | 'web' },
): Promise<WorkspaceSummary> {
  const [models, datasets, suites, runs, evaluations, comparisons, reports, imports] = await Promise.all([
    store.listModels(),
    store.listDatasets(),
    store.listSuites(),
    store.listRuns(),
    store.listEvaluations(),
    store.listComparisons(),
    store.listReports(),
    store.listImports(),
  ]);
  const recent: Recent[] = [
    ...runs.map(({ id, name, createdAt }) => place('run', id, name, createdAt)),
    ...comparisons.map(({ id, leftName, rightName, createdAt }) =>
      place('comparison', id, comparisonName(leftName, rightName), createdAt),
    ),
    ...reports.map(({ id, title, createdAt }) => place('report', id, title, createdAt)),
    ...imports.map(({ id, name, target, createdAt }) => ({
      ...place('import', id, name, createdAt),
      route: importRoutes[target],
    })),
  ];
  return {
    workspaceName: path.basename(layout.root),
    ...about,
    counts: {
      models: models.length,
      datasets: datasets.length,
      suites: suites.length,
      runs: runs.length,
      evaluations: evaluations.length,
      comparisons: comparisons.length,
    },
    running: runs.filter((run) => !hasEnded(run.status)),
    attention: [...hindranceAttention(hindrance), ...runs.flatMap(runAttention), ...models.flatMap(modelAttention)],
    recent: recent.sort((a, b) => b.at - a.at).slice(0, recentPlaces),
  };
}

function hindranceAttention(hindrance: Core['hindrance']): Attention[] {
  if (hindrance === null) return [];
  return [{ message: hindrance.message, remedy: hindrance.remedy ?? '', route: '/settings' }];
}

/** Where to find what an import brought. */
const importRoutes: Record<ImportRecord['target'], string> = {
  model: '/models',
  dataset: '/datasets',
  suite: '/datasets',
  evaluation: '/evaluations',
  run: '/runs',
  report: '/reports',
};

function place(kind: Recent['kind'], id: string, title: string, at: number): Recent {
  return { kind, id, title, at, route: routeOf(kind, id) };
}

function routeOf(kind: Recent['kind'], id: string): string {
  switch (kind) {
    case 'run':
      return `/runs/${id}`;
    case 'comparison':
      return `/compare/${id}`;
    case 'report':
      return '/reports';
    case 'import':
      return '/evaluations';
    default:
      return assertNever(kind);
  }
}

function runAttention(run: RunRecord): Attention[] {
  const route = routeOf('run', run.id);
  if (run.status === 'interrupted') {
    return [
      {
        message: `Run “${run.name}” was interrupted at step ${run.step}.`,
        remedy: 'Resume it from its last checkpoint.',
        route,
      },
    ];
  }
  if (run.status !== 'failed') return [];
  const remedy = run.error?.remedy ?? 'Look at its log, then resume or relaunch it.';
  return [{ message: `Run “${run.name}” failed: ${run.error?.message ?? 'no reason was given'}`, remedy, route }];
}

function modelAttention({ name, state }: { name: string; state: 'present' | 'missing' | 'changed' }): Attention[] {
  if (state === 'present') return [];
  const what = state === 'missing' ? 'is gone from its folder' : 'has changed since it was imported';
  return [
    { message: `Model “${name}” ${what}.`, remedy: 'Put the files back, or import the model again.', route: '/models' },
  ];
}
