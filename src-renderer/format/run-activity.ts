import type { ShownEvent } from '@shared/domain/trainer-events.ts';
import { formatCount } from '@shared/presentation/numbers.ts';
import { suiteLabel } from '@shared/presentation/names.ts';
import { progressText } from '@shared/presentation/progress.ts';

/** What the trainer is at, by the newest event that says so: a phase that has come to its end is over. */
export function activityText(event: ShownEvent | null): string {
  switch (event?.type) {
    case 'progress':
      return event.total > 0 && event.done >= event.total ? '' : phaseText(event);
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

/** Work of one piece has no count to speak of: “writing a checkpoint”, but “sampling, 40 of 90”. */
function phaseText(event: Extract<ShownEvent, { type: 'progress' }>): string {
  const { phase, done, total } = event;
  if (event.unit !== undefined) return progressText(event);
  return total > 1 ? `${phase}, ${formatCount(done)} of ${formatCount(total)}` : phase;
}
