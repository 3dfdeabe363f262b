import { useSessionStorage } from '@vueuse/core';
import { useRoute } from 'vue-router';
import type { GridSort } from '../components/base/grid-column.ts';

/** How a list was left: what was sought, sorted and grouped by, and how far it was scrolled. */
export interface ListMemory {
  needle: string;
  sort: GridSort | null;
  group: string;
  closed: string[];
  scrollTop: number;
  /** Id of the row that was pointed at. */
  active: string | null;
}

/** Kept for as long as this window is open, for the place it is in: who comes back finds the list as it was. */
export function useListMemory(label: string, sort: GridSort | null) {
  const route = useRoute();
  const start: ListMemory = { needle: '', sort, group: '', closed: [], scrollTop: 0, active: null };
  return useSessionStorage<ListMemory>(`list.${String(route.name)}.${label}`, start, {
    mergeDefaults: true,
    serializer: { read: (text) => readMemory(text, start), write: (value) => JSON.stringify(value) },
  });
}

function readMemory(text: string, start: ListMemory): ListMemory {
  try {
    const kept: unknown = JSON.parse(text);
    // Written by this very page, in this window.
    return typeof kept === 'object' && kept !== null ? { ...start, ...(kept as Partial<ListMemory>) } : start;
  } catch {
    return start;
  }
}
