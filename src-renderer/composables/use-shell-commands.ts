import type { Router } from 'vue-router';
import { useLocalStorage } from '@vueuse/core';
import { useCommandGroup } from '../stores/commands.ts';
import { useImportFlow } from '../stores/import-flow.ts';
import { useSetUp } from '../stores/set-up.ts';
import { useSettings } from '../stores/settings.ts';
import { useDemo } from './use-demo.ts';

interface Surfaces {
  openPalette: () => void;
  openSheet: () => void;
}
const places: [string, string, string][] = [
  ['Home', '/', 'g h'],
  ['Launch a run', '/launch', 'g l'],
  ['Runs', '/runs', 'g r'],
  ['Compare', '/compare', 'g c'],
  ['Matrix', '/matrix', 'g x'],
  ['Frontier', '/frontier', 'g f'],
  ['Guard sets', '/guard-sets', 'g u'],
  ['Reports', '/reports', 'g p'],
  ['Models', '/models', 'g m'],
  ['Datasets', '/datasets', 'g d'],
  ['Evaluations', '/evaluations', 'g e'],
  ['Settings', '/settings', 'g s'],
];

/** Commands that work everywhere. */
export function useShellCommands(router: Router, { openPalette, openSheet }: Surfaces): void {
  const settings = useSettings();
  const rail = useLocalStorage<'wide' | 'narrow' | 'auto'>('rail', 'auto');
  const demo = useDemo();
  const setUp = useSetUp();
  useCommandGroup([
    {
      id: 'palette',
      title: 'Search or run a command',
      group: 'General',
      keys: ['Ctrl+K'],
      whileTyping: true,
      keysOnly: true,
      run: openPalette,
    },
    { id: 'shortcuts', title: 'Keyboard shortcuts', group: 'General', keys: ['?'], run: openSheet },
    {
      id: 'import',
      title: 'Import a file or folder',
      group: 'General',
      keys: ['i'],
      run: () => useImportFlow().start(),
    },
    {
      id: 'demo-quick',
      title: 'Start the quick demo',
      group: 'General',
      enabled: () => !demo.running.value,
      run: () => demo.start(true),
    },
    {
      id: 'set-up',
      title: 'Set up TensorFlow',
      group: 'General',
      enabled: () => setUp.missing,
      run: () => (setUp.open = true),
    },
    {
      id: 'rail',
      title: 'Collapse or expand the sidebar',
      group: 'General',
      keys: ['Ctrl+B'],
      run: () => (rail.value = rail.value === 'narrow' ? 'wide' : 'narrow'),
    },
    ...(['system', 'light', 'dark'] as const).map((theme) => ({
      id: `theme-${theme}`,
      title: theme === 'system' ? 'Appearance: system' : `Appearance: ${theme}`,
      group: 'General',
      run: () => settings.set('appearance.theme', theme),
    })),
    ...places.map(([title, path, keys]) => ({
      id: `go-${path}`,
      title,
      group: 'Go to',
      keys: [keys],
      run: () => router.push(path),
    })),
  ]);
}
