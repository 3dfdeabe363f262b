// The table of rooms in CONTRIBUTING.md, as rules: who may import whom.
/** Of the project's own folders, `room` may import itself and those listed. */
function mayImport(room, allowed, extra = {}) {
  const kept = [`^src-main/${room}/`, ...allowed.map((path) => `^src-main/${path}`)];
  return {
    name: `${room.replaceAll('/', '-')}-arrows`,
    severity: 'error',
    comment: `${room} imports ${allowed.length > 0 ? allowed.join(', ') : 'nothing else of the project'}.`,
    from: { path: `^src-main/${room}/`, ...extra },
    to: { path: '^src-(main|renderer)/', pathNot: kept },
  };
}

function forbidPackage(name, packages, from, fromNot) {
  return {
    name,
    severity: 'error',
    from: { path: from, ...(fromNot ? { pathNot: fromNot } : {}) },
    to: { path: packages },
  };
}

/** Names the files that are started on their own; the rooms that start one ask it. */
const entries = 'entries\\.ts$';
/** What counts as the same content, for the store's pairing and for ids of what is imported or kept. */
const contentHash = 'content-hash\\.ts$';

/** What the operating system gives: lines, whole files, living processes. */
const system = 'system/';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'nothing-unresolved',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(electron|webgpu)$' },
    },
    {
      name: 'declared-packages-only',
      severity: 'error',
      from: { path: '^src-main/' },
      to: { dependencyTypes: ['npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'no-dev-packages-at-run-time',
      severity: 'error',
      comment: 'The main side runs with production dependencies; Electron itself is the exception.',
      from: { path: '^src-main/' },
      to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'], pathNot: 'node_modules/electron/' },
    },
    mayImport('shared/domain', []),
    mayImport('shared/contract', ['shared/domain']),
    mayImport('shared/presentation', ['shared/domain']),
    mayImport('engine', ['shared/domain']),
    mayImport('backends', ['shared/domain', system, entries]),
    mayImport('system', ['shared/domain']),
    // Names of evaluations are given where a run's events become records.
    mayImport('store', ['shared/domain', 'shared/presentation/names', system, entries, contentHash]),
    mayImport('imports', ['shared/domain', system, entries, contentHash]),
    mayImport('reports', ['shared/domain', 'shared/presentation', system]),
    mayImport('sites', ['shared/domain', system]),
    mayImport('endpoints', ['shared/domain', system]),
    mayImport('trainer', ['engine', 'endpoints', 'backends', 'shared/domain', system, entries]),
    // llama2c converts bytes to bytes, families and peft-config read a configuration, check-adapter a header; no tensor is made.
    mayImport('workbench', [
      'store',
      'trainer',
      'imports',
      'reports',
      'sites',
      // A judge is asked from here where no tensor is needed.
      'endpoints/(protocol|served-names|server)',
      'shared',
      'system',
      'backends',
      contentHash,
      'engine/checkpoint/llama2c',
      'engine/models/(families|causal-lm)',
      'engine/checkpoint/(peft-config|check-adapter)',
      'engine/checkpoint/(safetensors|weight-index|model-files)',
      'engine/models/(parameters|shape)',
      entries,
    ]),
    // Shells choose how a trainer is started, and print what reports and imports name.
    mayImport('shells', [
      'workbench',
      'shared',
      'system',
      'reports',
      'imports',
      'store/api',
      'endpoints/address',
      'sites/(shell|quote)',
      'trainer/(node|electron)-child',
      entries,
    ]),
    mayImport('preload', ['shared', 'shells/electron/ipc-names']),
    {
      name: 'trainer-host-without-tensors',
      severity: 'error',
      comment:
        'The host lives in the main process, where nothing computes; only the child imports engine and backends.',
      from: { path: '^src-main/trainer/(host|messages)' },
      to: { path: ['^src-main/(engine|backends)/', 'node_modules/@tensorflow/'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'workbench-keeps-off-the-child',
      severity: 'error',
      comment: 'The workbench talks to trainers through their host.',
      from: { path: '^src-main/workbench/' },
      to: { path: '^src-main/trainer/(entry|jobs)', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'renderer-imports-shared-only',
      severity: 'error',
      from: { path: '^src-renderer/' },
      to: { path: '^src-main/', pathNot: '^src-main/shared/' },
    },
    {
      name: 'main-never-imports-renderer',
      severity: 'error',
      from: { path: '^src-main/' },
      to: { path: '^src-renderer/' },
    },
    forbidPackage(
      'electron-in-few-places',
      'node_modules/electron/|^electron$',
      '^src-',
      '^src-main/(index\\.ts$|shells/electron/|preload/|trainer/electron-child)',
    ),
    forbidPackage('sqlite-in-the-store-only', 'node_modules/better-sqlite3/', '^src-', '^src-main/store/'),
    forbidPackage(
      'tensors-in-engine-and-backends-only',
      'node_modules/@tensorflow/',
      '^src-',
      '^src-main/(engine|backends|trainer)/',
    ),
    forbidPackage(
      'engine-knows-the-core-only',
      'node_modules/@tensorflow/(?!tfjs-core)',
      '^src-main/(engine|trainer)/',
    ),
    {
      name: 'engine-and-shared-run-anywhere',
      severity: 'error',
      from: { path: '^src-main/(engine|shared)/' },
      to: { dependencyTypes: ['core'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '\\.d\\.m?ts$' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'src-renderer/tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.vue', '.json'],
    },
    cache: { folder: 'node_modules/.cache/dependency-cruiser', strategy: 'metadata' },
  },
};
