// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createApp, nextTick } from 'vue';
import ToastRegion from '../../src-renderer/components/shell/ToastRegion.vue';
import { useToasts } from '../../src-renderer/stores/toasts.ts';

// The region only asks whether the import dialog is open.
vi.mock('../../src-renderer/stores/import-flow.ts', () => ({ useImportFlow: () => ({ open: false }) }));

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

it('shows the two newest notes at most, and they push no error out', () => {
  const store = useToasts();
  store.error(new Error('no'), 'Broken');
  for (const title of ['Done: a', 'Done: b', 'Done: c']) store.show({ tone: 'good', title });
  store.error(new Error('no'), 'Broken too');
  expect(store.toasts.map(({ title }) => title)).toEqual(['Broken', 'Done: b', 'Done: c', 'Broken too']);
});

it('what is removed while it has the focus does not keep the others', async () => {
  const pinia = createPinia();
  setActivePinia(pinia);
  const store = useToasts();
  const place = document.body.appendChild(document.createElement('div'));
  const app = createApp(ToastRegion).use(pinia);
  app.mount(place);
  store.show({ tone: 'good', title: 'Done: a' });
  store.show({ tone: 'good', title: 'Done: b' });
  await nextTick();
  const dismiss = place.querySelector<HTMLElement>('[aria-label="Dismiss: Done: a"]');
  dismiss?.focus();
  expect(store.held).toBe(true);
  dismiss?.click();
  await nextTick();
  await nextTick();
  expect(store.held).toBe(false);
  vi.advanceTimersByTime(20_000);
  expect(store.toasts).toEqual([]);
  app.unmount();
});
