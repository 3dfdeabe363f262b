import { BrowserWindow, Notification, app, powerSaveBlocker } from 'electron';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { WorkbenchEvent } from '../../shared/contract/events.ts';
import type { Workbench } from '../../workbench/workbench.ts';

/** What ending says to somebody who looks elsewhere. */
const endings: Partial<Record<RunRecord['status'], string>> = {
  finished: 'finished',
  failed: 'failed',
  interrupted: 'was interrupted',
};
const atWork: readonly RunRecord['status'][] = ['starting', 'running', 'stopping'];

/**
 * Shows training outside the window: progress on the task bar, a notification when a run ends while the window is not in front, and no
 * sleep of the machine while something trains. Returns what ends all three.
 */
export function showActivity(workbench: Pick<Workbench, 'subscribe'>, open: (place: string) => void): () => void {
  const running = new Map<string, RunRecord>();
  let blocker: number | null = null;
  const wake = (): void => {
    if (running.size > 0) blocker ??= powerSaveBlocker.start('prevent-app-suspension');
    else if (blocker !== null) {
      powerSaveBlocker.stop(blocker);
      blocker = null;
    }
  };
  const shown = (): void => {
    const fraction = progressOf([...running.values()]);
    for (const window of BrowserWindow.getAllWindows()) window.setProgressBar(fraction ?? -1);
    app.setBadgeCount(running.size);
  };
  const heard = (event: WorkbenchEvent): void => {
    if (event.topic === 'alert' && BrowserWindow.getFocusedWindow() === null)
      notify(`Alert: ${event.alert.runName}`, event.alert.message, () => open(`#/runs/${event.alert.runId}`));
    if (event.topic !== 'run') return;
    const { run } = event;
    const before = running.get(run.id);
    if (atWork.includes(run.status)) running.set(run.id, run);
    else running.delete(run.id);
    const ending = endings[run.status];
    if (before !== undefined && ending !== undefined && BrowserWindow.getFocusedWindow() === null)
      notify(`${run.name} ${ending}`, run.error?.message ?? `Step ${run.step}`, () => open(`#/runs/${run.id}`));
    wake();
    shown();
  };
  const unsubscribe = workbench.subscribe(heard);
  return () => {
    unsubscribe();
    running.clear();
    wake();
  };
}

/** Fraction of all steps of the runs at work; 2 (indeterminate) when one does not know its end; null when none is at work. */
export function progressOf(runs: readonly Pick<RunRecord, 'step' | 'totalSteps'>[]): number | null {
  if (runs.length === 0) return null;
  let [done, all] = [0, 0];
  for (const { step, totalSteps } of runs) {
    if (totalSteps === null || totalSteps === 0) return 2;
    done += step;
    all += totalSteps;
  }
  return done / all;
}

function notify(title: string, body: string, onClick: () => void): void {
  if (!Notification.isSupported()) return;
  const notification = new Notification({ title, body, silent: true });
  notification.on('click', onClick);
  notification.show();
}
