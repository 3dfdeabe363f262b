import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import { flipRate, holds, ruleText } from '../../shared/domain/alerts.ts';
import type { Alert, AlertRule } from '../../shared/domain/alerts.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { formatNumber, formatPercent } from '../../shared/presentation/numbers.ts';
import { endpointOrigin } from '../../system/endpoints.ts';
import type { Core } from '../core.ts';
import { addOwnEvents } from '../supervision/own-events.ts';

export interface Alerts {
  /** What holds now and did not at the last look, stored with the run and sent on; → the new ones. */
  look(run: RunRecord, meter: readonly FlipMeterPoint[]): Promise<Alert[]>;
}

const webhookTimeoutMs = 10_000;

/**
 * Rules of one run. An alert is raised when its rule begins to hold, on each suite by itself, and again only after it held no more.
 * `webhook`: the one address that the person named for them; nothing is sent anywhere else.
 */
export function createAlerts(
  core: Core,
  rules: readonly AlertRule[],
  webhook: string | null,
  say: (sentence: string) => void,
): Alerts {
  if (webhook !== null) endpointOrigin(webhook);
  const holding = new Set<string>();

  async function raise(run: RunRecord, alert: Alert): Promise<void> {
    await addOwnEvents(core, run, [{ type: 'log', level: 'warning', message: alert.message }]);
    if (webhook === null) return;
    const failure = await send(webhook, run, alert);
    if (failure !== null) say(`The alert did not reach ${webhook}: ${failure}`);
  }

  return {
    async look(run, meter) {
      const raised: Alert[] = [];
      for (const rule of rules) {
        for (const [place, alert] of await findings(core, run, rule, meter)) {
          const key = `${ruleText(rule)} ${place}`;
          if (!holds(rule, alert.value)) holding.delete(key);
          else if (!holding.has(key)) {
            holding.add(key);
            raised.push(alert);
            await raise(run, alert);
          }
        }
      }
      return raised;
    },
  };
}

/** The newest figure of a rule, of the flip rate one per suite. */
async function findings(
  core: Core,
  run: RunRecord,
  rule: AlertRule,
  meter: readonly FlipMeterPoint[],
): Promise<[string, Alert][]> {
  if (rule.metric === flipRate)
    return newestOfSuites(meter).map((point) => [point.suiteName, ofMeter(run, rule, point)]);
  const [series] = await core.store.runMetrics(run.id, { names: [rule.metric], points: 1_000_000 });
  const value = series?.values.at(-1) ?? null;
  const step = series?.steps.at(-1);
  if (value === null || step === undefined) return [];
  const message = `Alert: ${rule.metric} of “${run.name}” is ${formatNumber(value)} at step ${step} (${ruleText(rule)}).`;
  return [['', { rule, step, suiteName: null, value, message }]];
}

function newestOfSuites(meter: readonly FlipMeterPoint[]): FlipMeterPoint[] {
  const newest = new Map<string, FlipMeterPoint>();
  for (const point of meter)
    if ((newest.get(point.suiteName)?.step ?? -1) <= point.step) newest.set(point.suiteName, point);
  return [...newest.values()];
}

function ofMeter(run: RunRecord, rule: AlertRule, point: FlipMeterPoint): Alert {
  const { suiteName, step, negative, n, nfr } = point;
  const message = `Alert: “${run.name}” lost ${negative} of ${n} samples of ${suiteName} at step ${step}: at least ${formatPercent(nfr.low)} are negative flips (${ruleText(rule)}).`;
  return { rule, step, suiteName, value: nfr.low, message };
}

/** Null when it arrived. */
async function send(url: string, run: RunRecord, alert: Alert): Promise<string | null> {
  const { rule, step, suiteName, value, message } = alert;
  const body = JSON.stringify({
    run: run.name,
    runId: run.id,
    rule: ruleText(rule),
    step,
    suite: suiteName,
    value,
    text: message,
  });
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(webhookTimeoutMs),
    });
    return answer.ok ? null : `it answered ${answer.status}.`;
  } catch (error) {
    return error instanceof WorkbenchError || error instanceof Error ? error.message : String(error);
  }
}
