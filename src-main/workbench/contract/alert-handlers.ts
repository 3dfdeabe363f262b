import { keepAddress, keptAddress, requireOwnAddress } from '../../system/alert-address.ts';
import type { Handlers } from './dispatch.ts';

/** Where the person of this machine has alerts sent: kept with the person, in no workspace. */
export function alertHandlers() {
  return {
    'alerts.address': () => Promise.resolve(keptAddress()),
    'alerts.keepAddress': ({ address }) => {
      if (address !== null) requireOwnAddress(address);
      keepAddress(address);
      return Promise.resolve(null);
    },
  } satisfies Pick<Handlers, Extract<keyof Handlers, `alerts.${string}`>>;
}
