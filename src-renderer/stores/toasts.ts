import { shallowRef } from 'vue';
import { defineStore } from 'pinia';
import { reportOf } from '@shared/domain/errors.ts';

export interface Toast {
  id: number;
  tone: 'neutral' | 'good' | 'bad';
  title: string;
  detail?: string;
  action?: { label: string; run: () => void };
}

const longestStay = 4;

/** Short notes at the window's edge. They are read out politely, never take the focus, and errors stay until dismissed. */
export const useToasts = defineStore('toasts', () => {
  const toasts = shallowRef<Toast[]>([]);
  let nextId = 1;

  function show(toast: Omit<Toast, 'id'>, stayMs = toast.tone === 'bad' ? null : 6000): number {
    const id = nextId++;
    toasts.value = [...toasts.value.slice(1 - longestStay), { ...toast, id }];
    if (stayMs !== null) setTimeout(() => dismiss(id), stayMs);
    return id;
  }

  function error(problem: unknown, title = 'That did not work'): void {
    const report = reportOf(problem);
    if (report.code === 'cancelled') return;
    show({ tone: 'bad', title, detail: [report.message, report.remedy].filter(Boolean).join(' ') });
  }

  function dismiss(id: number): void {
    toasts.value = toasts.value.filter((toast) => toast.id !== id);
  }

  return { toasts, show, error, dismiss };
});
