import type { ShownEvent } from '@shared/domain/trainer-events.ts';
import { suiteLabel } from '@shared/presentation/names.ts';

/** What the trainer is at, by the newest event that says so: a phase that has come to its end is over. */
export function activityText(event: ShownEvent | null): string {
  switch (event?.type) {
    case 'progress':
      return event.total > 0 && event.done >= event.total ? '' : `${event.phase} ${event.done}/${event.total}`;
    case 'evaluation-started':
      return `evaluating ${suiteLabel(event.mark.suiteName)}`;
    case 'step':
    case 'evaluation-done':
    case 'checkpoint':
      return 'training';
    default:
      return '';
  }
}
