import type { FlipFilter } from '@shared/domain/flip-view.ts';
import { kindShares } from '@shared/domain/kinds/kind-sentences.ts';
import type { ChangeSummary } from '@shared/domain/statistics/change-summary.ts';
import { flipsShown, withKindAlone } from '../format/why-filter.ts';
import { useCommandGroup } from '../stores/commands.ts';
import type { Command } from '../stores/commands.ts';

interface Surfaces {
  filter: () => FlipFilter;
  /** Null while they are looked for, and while judging blind. */
  kinds: () => ChangeSummary | null;
  change: (filter: FlipFilter) => void;
  words: () => void;
}
const most = 9;

/** Keys of the bar that says what went wrong: “w 1” lists its first part alone, “w 0” every kind again, “w w” puts them into words. */
export function useWhyCommands({ filter, kinds, change, words }: Surfaces): void {
  const partAt = (index: number) => {
    const known = kinds();
    return known === null ? undefined : kindShares(known, flipsShown(filter()))[index];
  };
  const parts = Array.from({ length: most }, (_, index): Command => ({
    id: `why-${index + 1}`,
    title: `Only the ${ordinals[index] ?? ''} kind of change`,
    group: 'What went wrong',
    keys: [`w ${index + 1}`],
    keysOnly: true,
    enabled: () => partAt(index) !== undefined,
    run: () => {
      const part = partAt(index);
      if (part !== undefined) change(withKindAlone(filter(), part.name));
    },
  }));
  useCommandGroup([
    ...parts,
    {
      id: 'why-all',
      title: 'Every kind of change again',
      group: 'What went wrong',
      keys: ['w 0'],
      enabled: () => filter().changes !== undefined,
      run: () => {
        const { changes: _changes, ...rest } = filter();
        change(rest);
      },
    },
    {
      id: 'why-words',
      title: 'The listed samples in words',
      group: 'What went wrong',
      keys: ['w w'],
      enabled: () => kinds() !== null,
      run: words,
    },
    {
      id: 'why-evidence',
      title: 'Next piece of evidence in the open sample',
      group: 'What went wrong',
      keys: ['e'],
      run: showNextEvidence,
    },
  ]);
}

const ordinals = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth', 'ninth'];

/** Goes round: after the last mark comes the first. */
function showNextEvidence(): void {
  const marks = [...document.querySelectorAll<HTMLElement>('mark.evidence[id]')];
  const now = document.activeElement instanceof HTMLElement ? marks.indexOf(document.activeElement) : -1;
  const next = marks[(now + 1) % Math.max(1, marks.length)];
  next?.scrollIntoView({ block: 'center' });
  next?.focus();
}
