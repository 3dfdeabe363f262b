import { computed, shallowRef, watch } from 'vue';
import type { Ref } from 'vue';
import type { Partner } from '@shared/domain/pairing.ts';
import { leastShare } from '@shared/domain/pairing.ts';
import { formatCount } from '@shared/presentation/numbers.ts';
import { invoke } from '../api/client.ts';

/**
 * Which evaluations share samples with one, as far as an estimate tells; nothing while it is being asked. It is asked again when
 * `renew` changes: with a new evaluation there may be a new partner.
 */
export function usePartners(evaluationId: Ref<string>, renew: () => unknown) {
  const partners = shallowRef<ReadonlyMap<string, Partner> | null>(null);
  let turn = 0;
  watch(
    [evaluationId, renew] as const,
    async ([id], [before]) => {
      const mine = ++turn;
      if (id !== before) partners.value = null;
      if (id === '') return;
      const answer = await invoke('evaluations.partners', { evaluationId: id }).catch(() => null);
      if (mine === turn && answer !== null)
        partners.value = new Map(answer.map((partner) => [partner.evaluationId, partner]));
    },
    { immediate: true },
  );
  const pairing = computed(() => [...(partners.value?.values() ?? [])].filter(({ share }) => share >= leastShare));
  const shares = (id: string): boolean => partners.value === null || (partners.value.get(id)?.shared ?? 0) > 0;
  return { partners, pairing, shares };
}

/** “397 shared”, “about 300 of 1,319 shared”, “no sample shared”. */
export function describeShare({ shared, samples, share }: Partner): string {
  if (shared === 0) return 'no sample shared';
  return share >= 0.995
    ? `${formatCount(shared)} shared`
    : `about ${formatCount(shared)} of ${formatCount(samples)} shared`;
}
