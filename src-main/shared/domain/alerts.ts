import { WorkbenchError } from './errors.ts';

/**
 * A rule that a person is told of: `nfr > 0.02` looks at the lower bound of the negative flip rate of any suite, so that it is not
 * chance that speaks; any other name is a curve of the run, at its newest value.
 */
export interface AlertRule {
  readonly metric: string;
  readonly direction: 'above' | 'below';
  readonly limit: number;
}

/** The name that stands for the lower bound of the negative flip rate. */
export const flipRate = 'nfr';

/** One finding: where a rule holds, and with which figure. */
export interface Alert {
  readonly rule: AlertRule;
  readonly step: number;
  /** Of the flip rate: on which suite. */
  readonly suiteName: string | null;
  readonly value: number;
  readonly message: string;
}

/** An alert as it is kept, shown and told. */
export interface AlertRecord {
  readonly id: number;
  readonly runId: string;
  readonly runName: string;
  /** As a person writes it. */
  readonly rule: string;
  readonly step: number;
  readonly suiteName: string | null;
  readonly value: number;
  readonly message: string;
  readonly at: number;
}

/** `nfr>2%`, `nfr > 0.02`, `rewards/margins<0`. */
export function parseAlert(text: string): AlertRule {
  const [, metric = '', sign = '', number = '', percent = ''] =
    /^\s*([\w./-]+)\s*([<>])=?\s*([-+]?\d*\.?\d+(?:e[-+]?\d+)?)\s*(%?)\s*$/i.exec(text) ?? [];
  const limit = Number(number) / (percent === '%' ? 100 : 1);
  if (metric === '' || !Number.isFinite(limit)) {
    throw new WorkbenchError('bad-input', `“${text}” is not a rule of an alert.`, {
      remedy:
        'Give a metric, > or <, and a number: nfr>2% (the lower bound of the negative flip rate), or rewards/margins<0.',
    });
  }
  return { metric, direction: sign === '>' ? 'above' : 'below', limit };
}

/** Whether a text is a rule. */
export function isAlert(text: string): boolean {
  try {
    parseAlert(text);
    return true;
  } catch {
    return false;
  }
}

export function holds({ direction, limit }: AlertRule, value: number): boolean {
  return direction === 'above' ? value > limit : value < limit;
}

/** `nfr > 0.02` */
export function ruleText({ metric, direction, limit }: AlertRule): string {
  return `${metric} ${direction === 'above' ? '>' : '<'} ${limit}`;
}
