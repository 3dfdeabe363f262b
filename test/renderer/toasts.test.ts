// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { useToasts } from '../../src-renderer/stores/toasts.ts';

beforeEach(() => {
  setActivePinia(createPinia());
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

it('errors leave by themselves, later than other notes; what is being read stays', () => {
  const store = useToasts();
  store.show({ tone: 'neutral', title: 'Copied' });
  store.error(new Error('no'), 'Broken');
  store.error(new Error('no'), 'Broken');
  expect(store.toasts.map(({ title }) => title)).toEqual(['Copied', 'Broken']);
  vi.advanceTimersByTime(7000);
  expect(store.toasts.map(({ title }) => title)).toEqual(['Broken']);
  store.held = true;
  vi.advanceTimersByTime(60_000);
  expect(store.toasts).toHaveLength(1);
  store.held = false;
  vi.advanceTimersByTime(7000);
  expect(store.toasts).toEqual([]);
});
