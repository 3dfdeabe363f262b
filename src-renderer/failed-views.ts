import { watch } from 'vue';
import type { RouteLocationNormalized, Router } from 'vue-router';
import { connection } from './api/client.ts';
import { useToasts } from './stores/toasts.ts';

const reloadedKey = 'flipguard.reloaded';

/**
 * A view whose code could not be fetched, because the workbench was away or was updated meanwhile, stays failed for as long as the page
 * lives: browsers remember it. So the page is loaded again at that place as soon as the workbench answers, once for each place.
 */
export function recoverFailedViews(router: Router): void {
  /** The place last asked for while the workbench was away. */
  let missing: RouteLocationNormalized | null = null;
  router.onError((error: unknown, to) => {
    if (!isMissingCode(error)) return;
    console.error(error);
    if (connection.value === 'open') {
      reloadAt(to);
      return;
    }
    useToasts().show({
      tone: 'bad',
      title: 'This page could not be loaded',
      detail: 'The workbench does not answer. The page opens as soon as it does.',
    });
    const first = missing === null;
    missing = to;
    if (!first) return;
    watch(connection, (state) => {
      if (state === 'open' && missing !== null) reloadAt(missing);
    });
  });
  router.afterEach((to, _from, failure) => {
    if (failure === undefined && sessionStorage.getItem(reloadedKey) === to.fullPath)
      sessionStorage.removeItem(reloadedKey);
  });
}

/** Fetches what has not been visited while the page is idle: later it may be out of reach. */
export function preloadViews(views: readonly (() => Promise<unknown>)[]): void {
  const load = () => Promise.all(views.map((view) => view().catch(() => undefined)));
  setTimeout(() => load().catch(() => undefined), 3000);
}

function reloadAt(to: RouteLocationNormalized): void {
  if (sessionStorage.getItem(reloadedKey) === to.fullPath) {
    useToasts().show({
      tone: 'bad',
      title: 'This page could not be loaded',
      detail: 'Its code is missing from the workbench that answers. Restart the workbench.',
    });
    return;
  }
  sessionStorage.setItem(reloadedKey, to.fullPath);
  location.hash = `#${to.fullPath}`;
  location.reload();
}

/** What Chromium, Firefox and Safari say of a module that could not be fetched; Vite’s preload of its styles is the last. */
function isMissingCode(error: unknown): boolean {
  return (
    error instanceof Error &&
    /dynamically imported module|error loading dynamically|Importing a module script failed|Unable to preload CSS/i.test(
      error.message,
    )
  );
}
