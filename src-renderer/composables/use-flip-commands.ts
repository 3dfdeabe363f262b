import { useCommandGroup } from '../stores/commands.ts';
import type { Command } from '../stores/commands.ts';
import { useToasts } from '../stores/toasts.ts';
import { useSettings } from '../stores/settings.ts';
import { useTriage } from '../stores/triage.ts';

interface Surfaces {
  step: (by: number) => void;
  search: () => void;
  openSample: (sampleKey: number | null) => void;
  position: () => number | null;
  toggleFacets: () => void;
  toggleWide: () => void;
}

/** Keys of the flip browser: walking, searching, judging. */
export function useFlipCommands(surfaces: Surfaces): void {
  const triage = useTriage();
  const settings = useSettings();
  const toasts = useToasts();

  async function nextUnreviewed(): Promise<void> {
    const sampleKey = await triage.nextUnreviewed(surfaces.position() ?? -1);
    if (sampleKey === null) toasts.show({ tone: 'neutral', title: 'No unreviewed sample below this one' });
    else surfaces.openSample(sampleKey);
  }

  const labels = [1, 2, 3, 4, 5, 6].map((index): Command => ({
    id: `label-${index}`,
    title: `Label: ${settings.taxonomy[index - 1] ?? index}`,
    group: 'Judge',
    keys: [String(index)],
    run: () => triage.label(index),
  }));
  useCommandGroup([
    {
      id: 'flip-next',
      title: 'Next sample',
      group: 'Flips',
      keys: ['j', 'ArrowDown'],
      keysOnly: true,
      run: () => surfaces.step(1),
    },
    {
      id: 'flip-previous',
      title: 'Previous sample',
      group: 'Flips',
      keys: ['k', 'ArrowUp'],
      keysOnly: true,
      run: () => surfaces.step(-1),
    },
    {
      id: 'flip-search',
      title: 'Search prompts and outputs',
      group: 'Flips',
      keys: ['Ctrl+F', '/'],
      run: surfaces.search,
    },
    { id: 'flip-facets', title: 'Show or hide facets', group: 'Flips', keys: ['f'], run: surfaces.toggleFacets },
    { id: 'flip-wide', title: 'Expand the sample', group: 'Flips', keys: ['z'], run: surfaces.toggleWide },
    {
      id: 'flip-unreviewed',
      title: 'Next unreviewed sample',
      group: 'Judge',
      keys: ['n'],
      run: () => nextUnreviewed(),
    },
    {
      id: 'flip-reviewed',
      title: 'Mark as reviewed',
      group: 'Judge',
      keys: ['v'],
      run: () => triage.change({ reviewed: true }),
    },
    ...labels,
    {
      id: 'flip-unlabel',
      title: 'Remove the label',
      group: 'Judge',
      keys: ['0'],
      run: () => triage.change({ label: null }),
    },
    {
      id: 'flip-undo',
      title: 'Undo last label',
      group: 'Judge',
      keys: ['u', 'Ctrl+Z'],
      enabled: () => triage.undoTokens.length > 0,
      run: () => triage.undo(),
    },
    {
      id: 'flip-blind',
      title: 'Blind mode: hide which side is new',
      group: 'Judge',
      keys: ['b'],
      run: () => (triage.blind = !triage.blind),
    },
    {
      id: 'flip-clear',
      title: 'Clear marks',
      group: 'Flips',
      keys: ['Escape'],
      enabled: () => triage.marked.size > 0,
      run: triage.clearMarks,
    },
  ]);
}
