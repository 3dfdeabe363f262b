import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import vue from '@vitejs/plugin-vue';
import { defineConfig, type UserConfig } from 'electron-vite';
import type { Plugin } from 'vite';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const shared = { '@shared': at('./src-main/shared') };

const present = (input: Record<string, string>) =>
  Object.fromEntries(Object.entries(input).filter(([, file]) => existsSync(file)));

/** The web shell runs the main side from source and needs the interface only. */
const rendererOnly = process.env['FLIPGUARD_BUILD'] === 'renderer';

/**
 * The same files that Node runs from source, bundled for Electron. Dependencies stay outside the bundle: native ones have to, and the rest
 * then exists once, as it does when running from source.
 */
const electronSide = {
  main: {
    resolve: { alias: shared },
    build: {
      outDir: 'out/main',
      externalizeDeps: true,
      rollupOptions: {
        input: present({
          index: at('./src-main/index.ts'),
          cli: at('./src-main/shells/cli/main.ts'),
          'store-worker': at('./src-main/store/worker.ts'),
          'import-reader': at('./src-main/imports/reading/child.ts'),
          'statistics-worker': at('./src-main/workbench/statistics/worker.ts'),
          'row-reader': at('./src-main/trainer/reading/worker.ts'),
          trainer: at('./src-main/trainer/entry.ts'),
          'backend-probe': at('./src-main/backends/probe.ts'),
        }),
        // Workers and children are started by file name, so the names are fixed.
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    resolve: { alias: shared },
    build: {
      outDir: 'out/preload',
      // A sandboxed preload has no module loader: one CommonJS file with everything in it.
      externalizeDeps: false,
      rollupOptions: {
        input: { index: at('./src-main/preload/index.ts') },
        output: { format: 'cjs', entryFileNames: '[name].cjs', codeSplitting: false },
      },
    },
  },
} satisfies UserConfig;

/** Names the packages whose code becomes part of the interface: their licences go with it (build/package.mjs). */
const listPackages: Plugin = {
  name: 'list-packages',
  writeBundle() {
    const names = [...this.getModuleIds()].flatMap(
      (id) => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/?]+)/.exec(id)?.[1]?.replaceAll('\\', '/') ?? [],
    );
    writeFileSync(at('./out/renderer-packages.json'), `${JSON.stringify([...new Set(names)].sort(), null, 2)}\n`);
  },
};

export default defineConfig({
  ...(rendererOnly ? {} : electronSide),
  renderer: {
    root: at('./src-renderer'),
    // Relative addresses: the same output is served by app:// and by the web shell.
    base: './',
    resolve: { alias: shared },
    plugins: [vue(), listPackages],
    build: {
      outDir: at('./out/renderer'),
      emptyOutDir: true,
      // The preload polyfill is an inline script, which the content security policy refuses; small assets as data: URLs are, too.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      rollupOptions: { input: at('./src-renderer/index.html') },
    },
  },
});
