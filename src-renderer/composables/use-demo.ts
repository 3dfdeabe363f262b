import { ref } from 'vue';
import { invoke } from '../api/client.ts';
import { useJobs } from '../stores/jobs.ts';
import { useToasts } from '../stores/toasts.ts';

const jobId = ref<string | null>(null);

/** Starts the demo and remembers its job, so that every place can show how it fares. */
export function useDemo() {
  async function start(quick: boolean): Promise<void> {
    try {
      const answer = await invoke('demo.start', { quick });
      jobId.value = answer.jobId;
      await useJobs().refresh();
    } catch (error) {
      useToasts().error(error, 'The demo could not be started');
    }
  }
  return { start, jobId };
}
