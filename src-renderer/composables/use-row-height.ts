import { computed } from 'vue';
import type { ComputedRef } from 'vue';
import { useSettings } from '../stores/settings.ts';

/** Height of a table row in px; the same figures as `--row-height` in tokens.css. */
export function useRowHeight(): ComputedRef<number> {
  const settings = useSettings();
  return computed(() => (settings.density === 'roomy' ? 32 : 26));
}
