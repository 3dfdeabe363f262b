import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import globals from 'globals';
import ts from 'typescript-eslint';
import vueParser from 'vue-eslint-parser';

/** Electron type-checks anywhere, so the compiler does not keep it out of rooms where it does not belong. */
const electron = {
  name: 'electron',
  message:
    'Electron is imported in src-main/shells/electron, src-main/preload and src-main/trainer/electron-child.ts only.',
};
const betterSqlite = { name: 'better-sqlite3', message: 'All SQL is in src-main/store.' };
const tensorBackends = {
  regex: '^@tensorflow/(?!tfjs-core)|^webgpu$',
  message: 'TensorFlow.js backends are known to src-main/backends only.',
};
const nodeModules = { regex: '^node:', message: 'This layer runs anywhere: what it needs from Node is passed in.' };
const outsideShared = {
  regex: 'src-main|^(\\.\\./)+(workbench|store|engine|trainer|shells|backends|imports|reports)/',
  message: 'The renderer imports @shared only.',
};

const restrict = (paths, patterns) => ({ 'no-restricted-imports': ['error', { paths, patterns }] });

/** The rules that need no types; those that do are in .oxlintrc.json, for a linter that is some ten times faster at them. */
export default ts.config(
  {
    ignores: [
      'out/',
      'dist/',
      'node_modules/',
      'coverage/',
      'test/assets/',
      'test/golden/',
      'resources/',
      'src-main/shared/domain/statistics/distributions.js',
      '**/*.d.mts',
      '**/*.d.ts',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.vue'],
    extends: [ts.configs.recommended],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'separate-type-imports' }],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      eqeqeq: ['error', 'always', { null: 'ignore' }],
      // Output belongs to the shells; a failure that nobody is there to receive may be logged.
      'no-console': ['error', { allow: ['error', 'warn'] }],
      'prefer-const': 'error',
      // The compiler knows which names exist.
      'no-undef': 'off',
    },
  },
  { files: ['**/*.vue', 'src-renderer/**'], languageOptions: { globals: globals.browser } },
  {
    files: ['**/*.vue'],
    extends: [vue.configs['flat/recommended']],
    languageOptions: { parser: vueParser, parserOptions: { parser: ts.parser } },
    rules: { 'vue/multi-word-component-names': 'off', 'vue/no-v-html': 'error', 'vue/require-default-prop': 'off' },
  },
  { files: ['src-main/**/*.ts'], rules: restrict([electron, betterSqlite], [tensorBackends]) },
  // A packaged application cannot be started as a Node, which `fork` would do: what is started goes through a launcher.
  {
    files: ['src-main/**/*.ts'],
    ignores: ['src-main/system/helper-process.ts', 'src-main/trainer/node-child.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'ImportSpecifier[imported.name="fork"]',
          message: 'Use launchHelper (system/helper-process.ts): Electron cannot fork once it is packaged.',
        },
        { selector: 'Literal[value="ELECTRON_RUN_AS_NODE"]', message: 'The fuse for it is off in the package.' },
        {
          selector:
            'CallExpression:has(> .callee[name=/^mkdir/], > .callee > [name=/^mkdir/].property) Property[key.name="recursive"]',
          message: 'Use makeFolder (system/folders.ts): Node tries for ever where a parent takes no new entry.',
        },
      ],
    },
  },
  // no-floating-promises does not look into `() => void promise`.
  {
    files: ['src-renderer/**/*.{ts,vue}'],
    rules: {
      'no-restricted-syntax': [
        'error',
        {
          selector: 'UnaryExpression[operator="void"]:has(CallExpression)',
          message: 'Hand what it returns to an owner that hears of its failure: await it, or `attend` it.',
        },
      ],
    },
  },
  {
    files: ['src-main/shared/**/*.ts'],
    rules: restrict(
      [electron, betterSqlite],
      [nodeModules, { regex: '^@tensorflow/', message: 'No tensors in shared.' }],
    ),
  },
  { files: ['src-main/engine/**/*.ts'], rules: restrict([electron, betterSqlite], [nodeModules, tensorBackends]) },
  { files: ['src-main/backends/**/*.ts'], rules: restrict([electron, betterSqlite], []) },
  { files: ['src-main/store/**/*.ts'], rules: restrict([electron], [tensorBackends]) },
  {
    files: [
      'src-main/index.ts',
      'src-main/shells/electron/**/*.ts',
      'src-main/preload/**/*.ts',
      'src-main/trainer/electron-child.ts',
    ],
    rules: restrict([betterSqlite], [tensorBackends]),
  },
  {
    files: ['src-renderer/**'],
    rules: restrict([electron, betterSqlite], [nodeModules, tensorBackends, outsideShared]),
  },
  // The command line and its launchers speak through the console; tests may.
  { files: ['src-main/shells/cli/**', 'build/**', 'test/**'], rules: { 'no-console': 'off' } },
  { files: ['**/*.js', '**/*.mjs', '**/*.cjs'], languageOptions: { globals: globals.node } },
  prettier,
);
