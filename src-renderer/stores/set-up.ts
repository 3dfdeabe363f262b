import { computed, ref, shallowRef, watch } from 'vue';
import { defineStore } from 'pinia';
import { useLocalStorage } from '@vueuse/core';
import type { Input } from '@shared/contract/channels.ts';
import type { Job, SetUpState } from '@shared/contract/views.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { invoke } from '../api/client.ts';
import { useJobs } from './jobs.ts';
import { attend } from './toasts.ts';
import { useWorkspace } from './workspace.ts';

/** TensorFlow's library: whether it is missing, what it would cost, and the set-up that fetches it while everything else continues. */
export const useSetUp = defineStore('set-up', () => {
  const jobs = useJobs();
  const workspace = useWorkspace();
  const state = shallowRef<SetUpState | null>(null);
  const error = shallowRef<ErrorReport | null>(null);
  const looking = ref(false);
  const open = ref(false);
  /** Of this machine and not of a workspace, as is what they speak of. */
  const later = useLocalStorage('tensorflow.later', false);
  const mirror = useLocalStorage('tensorflow.mirror', '');

  const missing = computed(() => {
    const backends = workspace.doctor?.backend.backends ?? [];
    return backends.length > 0 && !backends.some(({ name, available }) => available && name.startsWith('tensorflow'));
  });
  /** The newest set-up of this window's time. */
  const job = computed<Job | null>(() =>
    jobs.jobs
      .filter(({ kind }) => kind === 'set-up')
      .reduce<Job | null>((newest, one) => (newest === null || one.startedAt > newest.startedAt ? one : newest), null),
  );
  const running = computed(() => (job.value?.state === 'running' ? job.value : null));

  async function look(): Promise<void> {
    if (looking.value) return;
    looking.value = true;
    error.value = null;
    try {
      const typed = mirror.value.trim();
      state.value = await invoke('setup.look', typed === '' ? {} : { mirror: typed });
      // It may have found one that needs no download.
      if (state.value.ready !== null && missing.value) await workspace.examine();
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      looking.value = false;
    }
  }

  async function start(choice: Input<'setup.start'>): Promise<void> {
    error.value = null;
    try {
      await invoke('setup.start', choice);
      await jobs.refresh();
    } catch (problem) {
      error.value = reportOf(problem);
    }
  }

  async function settled(ended: Job): Promise<void> {
    // What could be had before is no longer what is.
    state.value = null;
    await look();
    if (ended.state === 'failed') error.value = ended.error;
  }

  watch(missing, (is) => {
    if (is && state.value === null) attend(look());
  });
  watch(
    () => job.value?.state,
    (now, before) => {
      if (before === 'running' && now !== 'running' && job.value !== null) attend(settled(job.value));
    },
  );
  return { state, error, looking, open, later, mirror, missing, running, look, start };
});
