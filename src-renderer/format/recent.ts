import type { ImportRecord, ReportRecord, RunRecord } from '@shared/domain/entities.ts';

export interface RecentItem {
  kind: 'run' | 'import' | 'report';
  id: string;
  title: string;
  at: number;
  route: string;
}
const importRoutes: Record<ImportRecord['target'], string> = {
  model: '/models',
  dataset: '/datasets',
  suite: '/datasets',
  evaluation: '/evaluations',
  run: '/runs',
  report: '/reports',
};

/** What was made or brought in last, newest first. Comparisons are left out: a run alone makes dozens. */
export function recentItems(runs: RunRecord[], imports: ImportRecord[], reports: ReportRecord[]): RecentItem[] {
  const items: RecentItem[] = [
    ...runs.map(({ id, name, createdAt }) => ({
      kind: 'run' as const,
      id,
      title: name,
      at: createdAt,
      route: `/runs/${id}`,
    })),
    ...imports
      .filter(({ undoneAt }) => undoneAt === null)
      .map(({ id, name, createdAt, target }) => ({
        kind: 'import' as const,
        id,
        title: name,
        at: createdAt,
        route: importRoutes[target],
      })),
    // Only HTML can be opened again as a page.
    ...reports.map(({ id, title, createdAt, format }) => ({
      kind: 'report' as const,
      id,
      title,
      at: createdAt,
      route: format === 'html' ? `/reports/${id}` : '/reports',
    })),
  ];
  return items.sort((a, b) => b.at - a.at);
}
