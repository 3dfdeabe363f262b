import { onScopeDispose, ref, shallowRef, watch } from 'vue';
import type { Ref } from 'vue';
import { useThrottleFn } from '@vueuse/core';
import type { MetricSeries } from '@shared/domain/entities.ts';
import { reportOf } from '@shared/domain/errors.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { events, invoke } from '../api/client.ts';
import { attend } from './toasts.ts';

/** Points of a curve: more than a chart of that width shows. */
const points = 400;
/** A run at work has ten steps a second; its curve is read again this often. */
const followEveryMs = 2000;

/** The curves of several runs, read when a run is first chosen and kept up to date while it trains. */
export function useOverlayCurves(runIds: Ref<readonly string[]>) {
  const curves = shallowRef<ReadonlyMap<string, MetricSeries[]>>(new Map());
  const error = shallowRef<ErrorReport | null>(null);
  const reading = ref(0);

  async function read(runId: string): Promise<void> {
    reading.value += 1;
    try {
      const series = await invoke('runs.metrics', { runId, points });
      curves.value = new Map([...curves.value, [runId, series]]);
      error.value = null;
    } catch (problem) {
      error.value = reportOf(problem);
    } finally {
      reading.value -= 1;
    }
  }
  const readMissing = () =>
    Promise.all(runIds.value.filter((id) => !curves.value.has(id)).map((id) => read(id))).then(() => undefined);

  const grown = new Set<string>();
  const follow = useThrottleFn(
    async () => {
      const ids = [...grown];
      grown.clear();
      for (const id of ids) await read(id);
    },
    followEveryMs,
    true,
  );
  const forget = events().on('run-events', ({ runId, events: list }) => {
    if (!runIds.value.includes(runId) || !list.some(({ type }) => type === 'step')) return;
    grown.add(runId);
    attend(follow());
  });
  onScopeDispose(forget);
  watch(runIds, () => attend(readMissing()), { immediate: true });

  return { curves, error, reading, retry: readMissing };
}
