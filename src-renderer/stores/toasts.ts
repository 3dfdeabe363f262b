import { ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { reportOf } from '@shared/domain/errors.ts';

export interface Toast {
  id: number;
  tone: 'neutral' | 'good' | 'bad';
  title: string;
  detail?: string;
  action?: { label: string; run: () => unknown };
}

/** They lie over what somebody reads; an error is not pushed out by a note. */
const mostNotes = 2;
const mostErrors = 4;
const noteStayMs = 6000;
const errorStayMs = 15_000;

/**
 * Short notes at the window's edge. They are read out politely, never take the focus, and leave by themselves, errors later than others;
 * none leaves while it is pointed at or has the focus. The same note twice is one.
 */
export const useToasts = defineStore('toasts', () => {
  const toasts = shallowRef<Toast[]>([]);
  /** Somebody is reading them. */
  const held = ref(false);
  let nextId = 1;

  function show(toast: Omit<Toast, 'id'>, stayMs = toast.tone === 'bad' ? errorStayMs : noteStayMs): number {
    const id = nextId++;
    const others = toasts.value.filter(({ title, detail }) => title !== toast.title || detail !== toast.detail);
    toasts.value = newest([...others, { ...toast, id }]);
    setTimeout(() => leave(id), stayMs);
    return id;
  }

  function leave(id: number): void {
    if (held.value) setTimeout(() => leave(id), noteStayMs);
    else dismiss(id);
  }

  function error(problem: unknown, title = 'That did not work'): void {
    const report = reportOf(problem);
    if (report.code === 'cancelled') return;
    show({ tone: 'bad', title, detail: [report.message, report.remedy].filter(Boolean).join(' ') });
  }

  /** Who starts work that nobody waits for hands it over here: its failure is shown. */
  function attend(work: unknown, title?: string): void {
    if (work instanceof Promise) work.catch((problem: unknown) => error(problem, title));
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  return { toasts, held, show, error, attend, dismiss };
});

function newest(all: readonly Toast[]): Toast[] {
  const notes = all.filter(({ tone }) => tone !== 'bad').slice(-mostNotes);
  const errors = all.filter(({ tone }) => tone === 'bad').slice(-mostErrors);
  return all.filter((toast) => notes.includes(toast) || errors.includes(toast));
}

/** Hands over work that nobody waits for: where it fails, a toast says so. */
export function attend(work: unknown, title?: string): void {
  useToasts().attend(work, title);
}
