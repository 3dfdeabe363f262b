import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { ComputedName, Input, Value } from '@shared/contract/channels.ts';
import type { Computed } from '@shared/contract/views.ts';
import type { ErrorReport } from '@shared/domain/errors.ts';
import { reportOf } from '@shared/domain/errors.ts';
import { invoke } from '../api/client.ts';
import { useJobs } from './jobs.ts';

/**
 * What the workbench works out for a place: asked for, followed while it takes, shown, or given up. A new question ends the old one,
 * and so does leaving the place; what was found last stays until something newer is.
 */
export function useComputation<N extends ComputedName>(channel: N) {
  const jobs = useJobs();
  const value = shallowRef<Value<N> | null>(null);
  const error = shallowRef<ErrorReport | null>(null);
  const working = ref(false);
  /** Whether there has been an answer, which can be null. */
  const answered = ref(false);
  const jobId = ref<string | null>(null);
  /** Its progress; null while nothing is worked out or it is quick. */
  const job = computed(() => (jobId.value === null ? null : jobs.byId(jobId.value)));
  let turn = 0;
  let asked: Input<N> | null = null;
  /** Cancelled before the job was known: a quick answer is waited for without one. */
  let cancelledEarly = false;

  /** Resolves when it is found, has failed or is no longer wanted; what became of it is in `value` and `error`. */
  async function ask(input: Input<N>): Promise<void> {
    leave();
    const mine = ++turn;
    asked = input;
    working.value = true;
    cancelledEarly = false;
    error.value = null;
    try {
      // Sound for every channel of ComputedName, whose `Value` is taken from its `Output`.
      const answer = (await invoke(channel, input)) as Computed<Value<N>>;
      if (mine !== turn) return answer.state === 'running' ? giveUp(answer.jobId) : undefined;
      const found = answer.state === 'done' ? answer.value : await follow(answer.jobId);
      if (mine !== turn) return;
      value.value = found;
      answered.value = true;
    } catch (problem) {
      if (mine === turn) error.value = reportOf(problem);
    } finally {
      if (mine === turn) {
        working.value = false;
        jobId.value = null;
      }
    }
  }

  async function follow(id: string): Promise<Value<N>> {
    jobId.value = id;
    if (cancelledEarly) jobs.cancel(id);
    await jobs.finished(id);
    return (await invoke('jobs.take', { jobId: id })) as Value<N>;
  }

  /** Asks the same again, after a failure or a cancel. */
  async function retry(): Promise<void> {
    if (asked !== null) await ask(asked);
  }

  function cancel(): void {
    if (jobId.value !== null) jobs.cancel(jobId.value);
    else cancelledEarly = working.value;
  }

  /** No longer wanted; what was found stays. */
  function leave(): void {
    turn += 1;
    if (jobId.value !== null) giveUp(jobId.value);
    jobId.value = null;
    working.value = false;
  }

  function giveUp(id: string): void {
    // Where the workbench cannot be told, the job ends by itself.
    invoke('jobs.leave', { jobId: id }).catch(() => undefined);
  }

  /** As before the first question. */
  function clear(): void {
    leave();
    asked = null;
    value.value = null;
    answered.value = false;
    error.value = null;
  }

  onScopeDispose(leave);
  return { value, answered, error, working, job, ask, retry, cancel, leave, clear };
}

/** What a place shows of it besides the value. */
export type ComputationState = Pick<
  ReturnType<typeof useComputation<ComputedName>>,
  'error' | 'working' | 'job' | 'retry' | 'cancel'
>;
