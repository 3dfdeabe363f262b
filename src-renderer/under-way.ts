import type { RouteLocationNormalized, Router } from 'vue-router';

let underWay: RouteLocationNormalized | null = null;

export function watchNavigation(router: Router): void {
  const ended = (to: RouteLocationNormalized): void => {
    if (underWay === to) underWay = null;
  };
  router.beforeEach((to) => void (underWay = to));
  router.afterEach(ended);
  router.onError((_error, to) => ended(to));
}

/** Whether somebody is on the way to another place whose code is still to come: what this place does by itself must not call them back. */
export function isLeaving(place: string): boolean {
  return underWay !== null && underWay.name !== place;
}
