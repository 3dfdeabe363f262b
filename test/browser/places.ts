/** Every place that can be reached without an id, by its address and its heading. */
export const places: { path: string; name: string; heading: string | RegExp }[] = [
  { path: '/', name: 'home', heading: /./ },
  { path: '/launch', name: 'launch', heading: 'Launch' },
  { path: '/runs', name: 'runs', heading: 'Runs' },
  { path: '/compare', name: 'compare', heading: 'Compare' },
  { path: '/matrix', name: 'matrix', heading: 'Matrix' },
  { path: '/frontier', name: 'frontier', heading: 'Frontier' },
  { path: '/guard-sets', name: 'guard-sets', heading: 'Guard sets' },
  { path: '/reports', name: 'reports', heading: 'Reports and exports' },
  { path: '/models', name: 'models', heading: 'Models' },
  { path: '/datasets', name: 'datasets', heading: 'Datasets and suites' },
  { path: '/evaluations', name: 'evaluations', heading: 'Evaluations' },
  { path: '/settings', name: 'settings', heading: 'Settings' },
];
