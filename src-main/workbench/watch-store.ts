import type { Core } from './core.ts';

/** Passes on what another program wrote to the same workspace, and how far comparisons are built. */
export function watchStore({ store, bus }: Core): () => void {
  return store.onChange(({ tables, comparison }) => {
    if (comparison !== undefined) bus.publish({ topic: 'comparison', comparison });
    if (tables.length > 0) bus.publish({ topic: 'changed', lists: tables });
  });
}
