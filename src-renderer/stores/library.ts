import { defineListStore } from './list-store.ts';

/** What the workspace holds, one store a subject. */
export const useModels = defineListStore('models.list', 'models');
export const useDatasets = defineListStore('datasets.list', 'datasets');
export const useSuites = defineListStore('suites.list', 'suites');
export const useEvaluations = defineListStore('evaluations.list', 'evaluations');
export const useCheckpoints = defineListStore('checkpoints.list', 'runs');
export const useGuardSets = defineListStore('guardSets.list', 'guard-sets');
export const useReports = defineListStore('reports.list', 'reports');
export const useImports = defineListStore('imports.list', 'imports');
export const useSites = defineListStore('sites.list', 'sites');
/** By run. */
export const useSiteJobs = defineListStore('sites.jobs', 'runs');
