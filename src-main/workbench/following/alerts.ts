import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import { flipRate, holds, ruleText } from '../../shared/domain/alerts.ts';
import type { Alert, AlertRecord, AlertRule } from '../../shared/domain/alerts.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { formatNumber, formatPercent } from '../../shared/presentation/numbers.ts';
import { endpointOrigin } from '../../system/endpoints.ts';
import type { Core } from '../core.ts';
import { sendAlert } from './webhook.ts';

/** Figures of one step by name. */
export interface StepFigures {
  step: number;
  figures: Readonly<Record<string, number | null | undefined>>;
}

export interface Alerts {
  /** What holds now and did not at the last look, stored with the run and told; → the new ones. */
  look(run: RunRecord, meter: readonly FlipMeterPoint[]): Promise<AlertRecord[]>;
  /** The same of a step that has just been made, without the flips. */
  lookAtStep(run: RunRecord, step: StepFigures): Promise<AlertRecord[]>;
}

export interface AlertTelling {
  /** The one address that the person named; nothing is sent anywhere else. */
  readonly webhook: string | null;
  say(sentence: string): void;
}

/**
 * Rules of one run. An alert is raised when its rule begins to hold, on each suite by itself, and again only after it held no more; what
 * was raised before the program was started again counts.
 */
export function createAlerts(core: Core, rules: readonly AlertRule[], telling: AlertTelling): Alerts {
  if (telling.webhook !== null) endpointOrigin(telling.webhook);
  let holding: Set<string> | null = null;

  async function known(run: RunRecord): Promise<Set<string>> {
    holding ??= new Set((await core.store.listAlerts(run.id)).map(({ rule, suiteName }) => placeOf(rule, suiteName)));
    return holding;
  }

  async function decide(run: RunRecord, found: readonly Alert[]): Promise<AlertRecord[]> {
    if (found.length === 0) return [];
    const held = await known(run);
    const raised: AlertRecord[] = [];
    for (const alert of found) {
      const place = placeOf(ruleText(alert.rule), alert.suiteName);
      if (!holds(alert.rule, alert.value)) held.delete(place);
      else if (!held.has(place)) {
        held.add(place);
        const record = await raise(run, alert);
        if (record !== null) raised.push(record);
      }
    }
    return raised;
  }

  async function raise(run: RunRecord, { rule, step, suiteName, value, message }: Alert): Promise<AlertRecord | null> {
    const at = Date.now();
    const alert = await core.store.addAlert({
      runId: run.id,
      rule: ruleText(rule),
      step,
      suiteName,
      value,
      message,
      at,
    });
    if (alert === null) return null;
    core.bus.publish({ topic: 'alert', alert });
    const { webhook, say } = telling;
    const failure = webhook === null ? null : await sendAlert(webhook, alert);
    if (failure !== null) say(`The alert did not reach ${webhook}: ${failure}`);
    return alert;
  }

  return {
    async look(run, meter) {
      const found: Alert[] = [];
      for (const rule of rules) {
        if (rule.metric === flipRate) found.push(...newestOfSuites(meter).map((point) => ofMeter(run, rule, point)));
        else {
          const newest = await core.store.newestFigure(run.id, rule.metric);
          if (newest !== null) found.push(ofFigure(run, rule, newest));
        }
      }
      return decide(run, found);
    },
    lookAtStep(run, { step, figures }) {
      const found = rules.flatMap((rule) => {
        const value = figures[rule.metric];
        return rule.metric === flipRate || value === null || value === undefined
          ? []
          : [ofFigure(run, rule, { step, value })];
      });
      return decide(run, found);
    },
  };
}

function placeOf(rule: string, suiteName: string | null): string {
  return `${rule} ${suiteName ?? ''}`;
}

function ofFigure(run: RunRecord, rule: AlertRule, { step, value }: { step: number; value: number }): Alert {
  const message = `Alert: ${rule.metric} of “${run.name}” is ${formatNumber(value)} at step ${step} (${ruleText(rule)}).`;
  return { rule, step, suiteName: null, value, message };
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
