import { ref } from 'vue';
import { defineStore } from 'pinia';
import { invoke } from '../api/client.ts';

/** Where alerts go as well. Kept with the person of the workbench’s machine, and no part of a spec: whoever gets the spec sends nothing there. */
export const useAlertAddress = defineStore('alert-address', () => {
  /** As it is typed; what is kept until then. */
  const address = ref('');
  const kept = ref<string | null>(null);
  let loading: Promise<void> | null = null;

  async function read(): Promise<void> {
    kept.value = await invoke('alerts.address', {});
    if (address.value === '') address.value = kept.value ?? '';
  }

  /** Once; a failure is tried again by the next who asks. */
  function load(): Promise<void> {
    loading ??= read().catch((error: unknown) => {
      loading = null;
      throw error;
    });
    return loading;
  }

  /** Null forgets it. */
  async function keep(next: string | null): Promise<void> {
    await invoke('alerts.keepAddress', { address: next });
    kept.value = next;
    address.value = next ?? '';
  }

  /** What a run that has alerts is started with. */
  async function alertsTo(hasAlerts: boolean): Promise<{ alertsTo?: string }> {
    if (!hasAlerts) return {};
    await load();
    const wanted = address.value.trim();
    return wanted === '' ? {} : { alertsTo: wanted };
  }

  return { address, kept, load, keep, alertsTo };
});
