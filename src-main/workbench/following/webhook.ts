import type { AlertRecord } from '../../shared/domain/alerts.ts';

const timeoutMs = 10_000;

/** Sends an alert to one address, as JSON; null when it arrived, else why not. */
export async function sendAlert(url: string, alert: AlertRecord): Promise<string | null> {
  const { runName, runId, rule, step, suiteName, value, message } = alert;
  const body = JSON.stringify({ run: runName, runId, rule, step, suite: suiteName, value, text: message });
  try {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    return answer.ok ? null : `it answered ${answer.status}.`;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
