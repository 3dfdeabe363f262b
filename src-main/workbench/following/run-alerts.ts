import type { WorkbenchEvent } from '../../shared/contract/events.ts';
import { parseAlert } from '../../shared/domain/alerts.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { ShownEvent } from '../../shared/domain/trainer-events.ts';
import { addressOfRun, forgetRun } from '../../system/alert-address.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Core } from '../core.ts';
import { flipMeter } from '../runs/flip-meter.ts';
import { quietTask } from '../supervision/task.ts';
import { createAlerts } from './alerts.ts';
import type { Alerts, AlertTelling } from './alerts.ts';
import { silentRules } from './silent-alerts.ts';

/** Alerts of the runs that this program trains, by the rules of their specs (`limits.alerts`). */
export interface RunAlerts {
  /** From now on they go to this address as well; what did not arrive is said, and of a run that ended, which rules could never hold. */
  sendTo(webhook: string | null, say: (sentence: string) => void): void;
  /** Of a run that has ended: rules that could never hold, as sentences. */
  silent(runId: string): Promise<string[]>;
  /** Resolves when all that was said so far was looked at. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Follows what trainers say: each step’s figures, and the flips at each evaluation. */
export function createRunAlerts(core: Core, comparisons: Comparisons): RunAlerts {
  const of = new Map<string, Promise<{ run: RunRecord; alerts: Alerts } | null>>();
  const closing = new AbortController();
  let telling = { webhook: null as string | null, say: (_sentence: string): void => undefined };
  /** One look after another: two at once would raise one alert twice. */
  let line: Promise<void> = Promise.resolve();

  async function rulesOf(runId: string): Promise<{ run: RunRecord; alerts: Alerts } | null> {
    const run = await core.store.getRun(runId);
    const rules = run?.spec.limits.alerts ?? [];
    // Of a training elsewhere, whoever follows it has the rules.
    if (run === null || rules.length === 0 || (run.origin !== undefined && run.origin !== null)) return null;
    const of: AlertTelling = {
      get webhook() {
        return addressOfRun(runId) ?? telling.webhook;
      },
      say(sentence) {
        telling.say(sentence);
        if (addressOfRun(runId) !== null)
          core.bus.publish({ topic: 'alert-lost', runName: run.name, message: sentence });
      },
    };
    return { run, alerts: createAlerts(core, rules.map(parseAlert), of) };
  }

  async function look(runId: string, events: readonly ShownEvent[]): Promise<void> {
    if (!of.has(runId)) of.set(runId, rulesOf(runId));
    const found = await of.get(runId);
    if (found === null || found === undefined || closing.signal.aborted) return;
    for (const event of events)
      if (event.type === 'step')
        await found.alerts.lookAtStep(found.run, { step: event.step, figures: { ...event.metrics, ...event.others } });
    if (!events.some(({ type }) => type === 'evaluation-done')) return;
    const meter = await flipMeter(core, comparisons, runId, { ...quietTask(), signal: closing.signal });
    await found.alerts.look(found.run, meter);
  }

  async function silent(runId: string): Promise<string[]> {
    const run = await core.store.getRun(runId);
    if (run === null || !hasEnded(run.status)) return [];
    return silentRules(core, run, (run.spec.limits.alerts ?? []).map(parseAlert));
  }

  async function end(runId: string): Promise<void> {
    if (!of.delete(runId)) return;
    forgetRun(runId);
    for (const sentence of await silent(runId)) telling.say(sentence);
  }

  const unsubscribe = core.bus.subscribe((event: WorkbenchEvent) => {
    if (event.topic === 'run' && event.run.endedAt !== null) {
      const { id } = event.run;
      line = line.then(() => end(id)).catch(() => undefined);
    }
    if (event.topic !== 'run-events') return;
    const { runId, events } = event;
    if (!events.some(({ type }) => type === 'step' || type === 'evaluation-done')) return;
    // A look that fails is made again with the next step: it never holds the training up.
    line = line.then(() => look(runId, events)).catch(() => undefined);
  });

  return {
    sendTo(webhook, say) {
      telling = { webhook, say };
    },
    silent,
    settled: () => line,
    async close() {
      unsubscribe();
      closing.abort();
      await line;
    },
  };
}
