/** What `flipguard list` can list. */
export const listNames = [
  'models',
  'datasets',
  'suites',
  'runs',
  'checkpoints',
  'evals',
  'evaluations',
  'comparisons',
  'guard-sets',
  'reports',
] as const;
export type ListName = (typeof listNames)[number];
