import { computed } from 'vue';
import { defineStore } from 'pinia';
import type { ComparisonRecord } from '@shared/domain/flip-view.ts';
import type { Rule } from '@shared/domain/flip-rules.ts';
import type { PairBy } from '@shared/domain/pairing.ts';
import { events, invoke } from '../api/client.ts';
import { defineListStore } from './list-store.ts';

const useComparisonList = defineListStore('comparisons.list', 'comparisons');

/** Comparisons of two evaluations under a rule; events carry their building progress. */
export const useComparisons = defineStore('comparisons', () => {
  const list = useComparisonList();
  events().on('comparison', ({ comparison }) => list.put(comparison));

  /** The answer, or what an event has told of it already: a comparison does not go back to being built. */
  function newest(answer: ComparisonRecord): ComparisonRecord {
    const known = list.byId.get(answer.id);
    return known !== undefined && answer.state === 'building' ? known : answer;
  }

  const byNewest = computed(() => [...list.items].sort((a, b) => b.createdAt - a.createdAt));

  /** The comparison of two evaluations under a rule: an existing one, or a new one that starts building. */
  async function open(leftEvaluationId: string, rightEvaluationId: string, rule?: Rule, pairBy?: PairBy) {
    const answer = await invoke('comparisons.open', {
      leftEvaluationId,
      rightEvaluationId,
      ...(rule === undefined ? {} : { rule }),
      ...(pairBy === undefined ? {} : { pairBy }),
    });
    const comparison = newest(answer);
    list.put(comparison);
    return comparison;
  }

  return { list, byNewest, load: list.load, open, newest };
});
