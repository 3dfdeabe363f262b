import { shallowRef } from 'vue';
import type { ShallowRef } from 'vue';
import { useIntervalFn } from '@vueuse/core';

/** The time in ms since epoch, as often as asked; for “3 min ago” and what is left. */
export function useClock(everyMs: number): Readonly<ShallowRef<number>> {
  const now = shallowRef(Date.now());
  useIntervalFn(() => (now.value = Date.now()), everyMs);
  return now;
}
