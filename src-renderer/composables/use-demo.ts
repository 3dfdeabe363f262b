import { computed } from 'vue';
import { invoke } from '../api/client.ts';
import { useJobs } from '../stores/jobs.ts';
import { useToasts } from '../stores/toasts.ts';

/** Starts the demo, once at a time; every place can show how it fares. */
export function useDemo() {
  const jobs = useJobs();
  const running = computed(() => jobs.running.some(({ kind }) => kind === 'demo'));
  async function start(quick: boolean): Promise<void> {
    try {
      await invoke('demo.start', { quick });
      await jobs.refresh();
    } catch (error) {
      useToasts().error(error, 'The demo could not be started');
    }
  }
  return { start, running };
}
