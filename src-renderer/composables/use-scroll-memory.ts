import { useRoute } from 'vue-router';

/** Positions of this window's lists, by address: the latest ones. */
const positions = new Map<string, number>();
const kept = 50;

/** How far the list at an address was scrolled when it was left: who goes back to the same filter and order finds it there. */
export function useScrollMemory() {
  const route = useRoute();
  const key = () => {
    const { sample: _, ...query } = route.query;
    return JSON.stringify([route.path, query]);
  };
  return {
    startAt: positions.get(key()) ?? 0,
    remember(top: number) {
      positions.delete(key());
      positions.set(key(), top);
      for (const old of [...positions.keys()].slice(0, -kept)) positions.delete(old);
    },
  };
}
