import { ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { Doctor, WorkspaceSummary } from '@shared/contract/views.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { events, invoke } from '../api/client.ts';
import { attend } from './toasts.ts';

/** What the workspace holds at a glance, and how the machine under it is doing. */
export const useWorkspace = defineStore('workspace', () => {
  const summary = shallowRef<WorkspaceSummary | null>(null);
  const doctor = shallowRef<Doctor | null>(null);
  const error = shallowRef<ErrorReport | null>(null);
  const examining = ref(false);

  async function refresh(): Promise<void> {
    try {
      summary.value = await invoke('workspace.summary', {});
      error.value = null;
    } catch (problem) {
      error.value = reportOf(problem);
    }
  }

  /** Looks at backends, disk and database; takes a moment, so only when asked or once after start. */
  async function examine({ again } = { again: false }): Promise<void> {
    examining.value = true;
    try {
      doctor.value = await invoke('workspace.doctor', { again });
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      examining.value = false;
    }
  }

  events().on('changed', () => attend(refresh()));
  events().on('run', ({ run }) => {
    const known = summary.value?.running.find((old) => old.id === run.id);
    if (known?.status !== run.status) attend(refresh());
  });
  events().onResync(() => {
    attend(refresh());
    if (doctor.value === null) attend(examine());
  });
  return { summary, doctor, error, examining, refresh, examine };
});
