import { createRouter, createWebHashHistory } from 'vue-router';
import type { Component } from 'vue';
import { watchNavigation } from './under-way.ts';

/**
 * Every place. The address carries what back, forward and reload bring back; the hash form works the same under app:// and
 * http://. Views are loaded when first visited.
 */
const routes: { path: string; name: string; title: string; view: () => Promise<{ default: Component }> }[] = [
  { path: '/', name: 'home', title: 'Home', view: () => import('./views/HomeView.vue') },
  { path: '/runs', name: 'runs', title: 'Runs', view: () => import('./views/RunsView.vue') },
  { path: '/runs/:runId', name: 'run', title: 'Run', view: () => import('./views/RunView.vue') },
  { path: '/launch', name: 'launch', title: 'Launch', view: () => import('./views/LaunchView.vue') },
  { path: '/compare', name: 'compare', title: 'Compare', view: () => import('./views/CompareView.vue') },
  { path: '/compare/:comparisonId', name: 'flips', title: 'Flips', view: () => import('./views/FlipsView.vue') },
  { path: '/matrix', name: 'matrix', title: 'Matrix', view: () => import('./views/MatrixView.vue') },
  { path: '/frontier', name: 'frontier', title: 'Frontier', view: () => import('./views/FrontierView.vue') },
  {
    path: '/guard-sets/:guardSetId?',
    name: 'guard-sets',
    title: 'Guard sets',
    view: () => import('./views/GuardSetsView.vue'),
  },
  { path: '/models', name: 'models', title: 'Models', view: () => import('./views/ModelsView.vue') },
  { path: '/models/:modelId', name: 'model', title: 'Model', view: () => import('./views/ModelView.vue') },
  {
    path: '/datasets/:datasetId?',
    name: 'datasets',
    title: 'Datasets',
    view: () => import('./views/DatasetsView.vue'),
  },
  {
    path: '/evaluations',
    name: 'evaluations',
    title: 'Evaluations',
    view: () => import('./views/EvaluationsView.vue'),
  },
  {
    path: '/evaluations/:evaluationId',
    name: 'evaluation',
    title: 'Evaluation',
    view: () => import('./views/EvaluationView.vue'),
  },
  { path: '/reports', name: 'reports', title: 'Reports', view: () => import('./views/ReportsView.vue') },
  { path: '/reports/file/:handle', name: 'report-file', title: 'Report', view: () => import('./views/ReportView.vue') },
  { path: '/reports/:reportId', name: 'report', title: 'Report', view: () => import('./views/ReportView.vue') },
  { path: '/settings', name: 'settings', title: 'Settings', view: () => import('./views/SettingsView.vue') },
  { path: '/connect', name: 'connect', title: 'Connect to host', view: () => import('./views/ConnectView.vue') },
  { path: '/:rest(.*)*', name: 'nowhere', title: 'Not found', view: () => import('./views/NowhereView.vue') },
];

/** The code of every view, to be fetched ahead. */
export const views = routes.map(({ view }) => view);

export const router = createRouter({
  history: createWebHashHistory(),
  routes: routes.map(({ path, name, title, view }) => ({ path, name, component: view, meta: { title } })),
});

watchNavigation(router);
router.afterEach((to) => {
  const { title } = to.meta;
  document.title = typeof title === 'string' ? `${title} · FlipGuard Workbench` : 'FlipGuard Workbench';
});
