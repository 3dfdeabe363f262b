import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig } from 'vitest/config';
import { patienceMs } from './test/helpers/patience.ts';

/**
 * Files that run in one process after another, which loads modules and TensorFlow once: they leave nothing behind that another would
 * meet. All others have a process each: they replace modules, watch over whole processes, count what was done since a start, or are long.
 */
const sharing = ['domain', 'engine', 'imports', 'presentation', 'renderer', 'reports', 'shared', 'store'].map(
  (folder) => `test/${folder}/**/!(*.long).test.ts`,
);

export default defineConfig({
  plugins: [vue()],
  resolve: { alias: { '@shared': fileURLToPath(new URL('./src-main/shared', import.meta.url)) } },
  test: {
    exclude: [
      'test/bench/**',
      'node_modules/**',
      ...(process.env['FLIPGUARD_TESTS'] === 'short' ? ['**/*.long.test.ts'] : []),
    ],
    projects: [
      { extends: true, test: { name: 'shared process', include: sharing, isolate: false } },
      { extends: true, test: { name: 'own process', include: ['test/**/*.test.ts'], exclude: sharing } },
    ],
    pool: 'forks',
    // Two TensorFlow processes on two cores are already one too many for the thread pool; more would only swap places.
    maxWorkers: 2,
    testTimeout: patienceMs,
    hookTimeout: patienceMs,
    teardownTimeout: patienceMs,
    expect: { poll: { timeout: patienceMs } },
  },
});
