// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { createMemoryHistory, createRouter } from 'vue-router';
import type { Router } from 'vue-router';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { connection } from '../../src-renderer/api/client.ts';
import { recoverFailedViews } from '../../src-renderer/failed-views.ts';
import { useToasts } from '../../src-renderer/stores/toasts.ts';

/** What Chromium says of a chunk that is not there any more; it says so again for as long as the page lives. */
const gone = () =>
  Promise.reject(new TypeError('Failed to fetch dynamically imported module: /assets/RunsView-1a2b.js'));
const reload = vi.fn();

beforeEach(() => {
  setActivePinia(createPinia());
  sessionStorage.clear();
  reload.mockClear();
  vi.spyOn(location, 'reload').mockImplementation(reload);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  connection.value = 'open';
});
afterEach(() => vi.restoreAllMocks());

/** One life of the page: what it remembers of failed code ends with it, the session's storage does not. */
function openPage(runs: () => Promise<object> = gone): Router {
  const empty = { template: '<p />' };
  const router = createRouter({
    history: createMemoryHistory(),
    routes: [
      { path: '/', component: empty },
      { path: '/runs', component: runs },
      { path: '/matrix', component: gone },
    ],
  });
  recoverFailedViews(router);
  return router;
}
const visit = (router: Router, path: string) => router.push(path).catch(() => undefined);
const titles = () => useToasts().toasts.map(({ detail }) => detail?.split('.')[0]);

describe('a page whose code is gone', () => {
  it('loads itself again at the place that was asked for, once', async () => {
    await visit(openPage(), '/runs?state=failed');
    expect([reload.mock.calls.length, location.hash, titles()]).toEqual([1, '#/runs?state=failed', []]);
    // After that the code is still not there: the page says so instead of loading for ever.
    await visit(openPage(), '/runs?state=failed');
    expect([reload.mock.calls.length, titles()]).toEqual([1, ['Its code is missing from the workbench that answers']]);
  });

  it('loads itself again another time after the place was shown', async () => {
    await visit(openPage(), '/runs');
    await visit(
      openPage(() => Promise.resolve({ template: '<p />' })),
      '/runs',
    );
    await visit(openPage(), '/runs');
    expect(reload.mock.calls.length).toBe(2);
  });

  it('waits for a workbench that is away, and opens what was asked for last', async () => {
    connection.value = 'lost';
    const router = openPage();
    await visit(router, '/runs');
    await visit(router, '/matrix');
    expect([reload.mock.calls.length, titles().length]).toEqual([0, 1]);
    connection.value = 'open';
    await expect.poll(() => reload.mock.calls.length).toBe(1);
    expect(location.hash).toBe('#/matrix');
  });

  it('leaves every other failure alone', async () => {
    await visit(
      openPage(() => Promise.reject(new Error('a defect in the view'))),
      '/runs',
    );
    expect([reload.mock.calls.length, titles()]).toEqual([0, []]);
  });
});
