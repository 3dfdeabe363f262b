import type { Ref } from 'vue';
import { useLocalStorage } from '@vueuse/core';

/** Where alerts go as well. Remembered in this window, and no part of a spec: whoever gets the spec sends nothing there. */
export function useAlertAddress(): Ref<string> {
  return useLocalStorage('alerts.address', '');
}

/** What a run that has alerts is started with. */
export function alertsTo(hasAlerts: boolean): { alertsTo?: string } {
  const address = useAlertAddress().value.trim();
  return hasAlerts && address !== '' ? { alertsTo: address } : {};
}
