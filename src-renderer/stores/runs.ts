import { computed } from 'vue';
import { defineStore } from 'pinia';
import { events, invoke } from '../api/client.ts';
import { isActive } from '@shared/presentation/words.ts';
import { useAlertAddress } from './alert-address.ts';
import { defineListStore } from './list-store.ts';
import { useToasts } from './toasts.ts';

const useRunList = defineListStore('runs.list', 'runs');

/** Every run of the workspace; events keep their status and step current. */
export const useRuns = defineStore('runs', () => {
  const list = useRunList();
  events().on('run', ({ run }) => list.put(run));
  events().on('alert', ({ alert }) =>
    useToasts().show({
      tone: 'bad',
      title: `Alert: ${alert.runName}`,
      detail: alert.message.replace(/^Alert: /, ''),
    }),
  );

  events().on('alert-lost', ({ runName, message }) =>
    useToasts().show({ tone: 'bad', title: `An alert of ${runName} was not delivered`, detail: message }),
  );

  /** Those at work first, then the queue in its order. */
  const active = computed(() =>
    list.items
      .filter((run) => isActive(run.status))
      .sort((a, b) => Number(a.status === 'queued') - Number(b.status === 'queued') || a.createdAt - b.createdAt),
  );
  const byNewest = computed(() => [...list.items].sort((a, b) => b.createdAt - a.createdAt));

  const stop = (runId: string) => invoke('runs.stop', { runId });
  const pause = (runId: string) => invoke('runs.pause', { runId });
  const unpause = (runId: string) => invoke('runs.unpause', { runId });
  const resume = async (runId: string) => {
    const told = list.byId.get(runId)?.spec.limits.alerts ?? [];
    return invoke('runs.resume', { runId, ...(await useAlertAddress().alertsTo(told.length > 0)) });
  };
  const remove = (runId: string) => invoke('runs.remove', { runId });

  return { list, active, byNewest, load: list.load, stop, pause, unpause, resume, remove };
});
