import { computed } from 'vue';
import { defineStore } from 'pinia';
import type { Rule } from '@shared/domain/flips.ts';
import { events, invoke } from '../api/client.ts';
import { defineListStore } from './list-store.ts';

const useComparisonList = defineListStore('comparisons.list', 'comparisons');

/** Comparisons of two evaluations under a rule; events carry their building progress. */
export const useComparisons = defineStore('comparisons', () => {
  const list = useComparisonList();
  events().on('comparison', ({ comparison }) => list.put(comparison));

  const byNewest = computed(() => [...list.items].sort((a, b) => b.createdAt - a.createdAt));

  /** The comparison of two evaluations under a rule: an existing one, or a new one that starts building. */
  async function open(leftEvaluationId: string, rightEvaluationId: string, rule?: Rule) {
    const comparison = await invoke('comparisons.open', {
      leftEvaluationId,
      rightEvaluationId,
      ...(rule === undefined ? {} : { rule }),
    });
    list.put(comparison);
    return comparison;
  }

  return { list, byNewest, load: list.load, open };
});
