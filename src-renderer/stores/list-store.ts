import { computed, ref, shallowRef } from 'vue';
import { defineStore } from 'pinia';
import type { ChannelName, Input, Output } from '@shared/contract/channels.ts';
import type { WorkbenchEventBody } from '@shared/contract/events.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { events, invoke } from '../api/client.ts';
import { attend } from './toasts.ts';

export type LoadState = 'idle' | 'loading' | 'ready' | 'failed';
export type ListName = Extract<WorkbenchEventBody, { topic: 'changed' }>['lists'][number];

/** Channels that answer a whole, short list and can be asked without telling them anything. */
type ListChannel = {
  [N in ChannelName]: Record<string, never> extends Input<N> ? (Output<N> extends { id: string }[] ? N : never) : never;
}[ChannelName];
type ItemOf<N extends ListChannel> = Output<N> extends (infer Item)[] ? Item & { id: string } : never;

/**
 * A store of one short list of the workspace: read on first use, read again whenever the workbench says that a list of
 * this name changed or that events were missed. Big lists (flips) are not held like this.
 */
export function defineListStore<N extends ListChannel>(channel: N, list: ListName) {
  return defineStore(channel, () => {
    type Item = ItemOf<N>;
    const items = shallowRef<Item[]>([]);
    const state = ref<LoadState>('idle');
    const error = shallowRef<ErrorReport | null>(null);
    const byId = computed(() => new Map(items.value.map((item) => [item.id, item])));
    let reading = 0;
    /** What events brought while an answer was on its way: the answer may be older. */
    const meanwhile = new Map<string, Item>();

    async function refresh(): Promise<void> {
      const turn = ++reading;
      meanwhile.clear();
      if (state.value === 'idle' || state.value === 'failed') state.value = 'loading';
      try {
        const answer = (await invoke(channel, {} as Input<N>)) as Item[];
        if (turn !== reading) return;
        items.value = answer.map((item) => meanwhile.get(item.id) ?? item);
        error.value = null;
        state.value = 'ready';
      } catch (problem) {
        if (turn !== reading) return;
        error.value = reportOf(problem);
        state.value = 'failed';
      }
    }

    /** Reads the list if nobody has yet. */
    async function load(): Promise<void> {
      if (state.value === 'idle') await refresh();
    }

    /** Puts one item in place: what an event brought. New ones come first. */
    function put(item: Item): void {
      meanwhile.set(item.id, item);
      const known = byId.value.has(item.id);
      items.value = known ? items.value.map((old) => (old.id === item.id ? item : old)) : [item, ...items.value];
    }

    events().on('changed', ({ lists }) => {
      if (state.value !== 'idle' && lists.includes(list)) attend(refresh());
    });
    events().onResync(() => {
      if (state.value !== 'idle') attend(refresh());
    });

    return { items, state, error, byId, load, refresh, put };
  });
}
