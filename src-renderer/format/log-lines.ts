import type { ShownEvent } from '@shared/domain/trainer-events.ts';
import { suiteLabel } from '@shared/presentation/names.ts';
import { formatBytes, formatCount, formatParameters } from '@shared/presentation/numbers.ts';
import { meanName, meanValue } from '@shared/presentation/means.ts';
import { progressText } from '@shared/presentation/progress.ts';
import { plural } from '@shared/presentation/words.ts';

export interface LogLine {
  text: string;
  tone: 'plain' | 'warning' | 'negative';
}

/** What a trainer's event says, in one line. */
export function logLine(event: ShownEvent): LogLine {
  if (event.type === 'log') return { text: event.message, tone: event.level === 'warning' ? 'warning' : 'plain' };
  if (event.type === 'failed') {
    const remedy = event.error.remedy === undefined ? '' : ` ${event.error.remedy}`;
    return { text: `Failed: ${event.error.message}${remedy}`, tone: 'negative' };
  }
  return { text: textOf(event), tone: 'plain' };
}

function textOf(event: Exclude<ShownEvent, { type: 'log' | 'failed' }>): string {
  switch (event.type) {
    case 'started': {
      const resumed = event.resumedAtStep === null ? '' : `, resumed at step ${event.resumedAtStep}`;
      return `Started on ${event.backend.name}: ${formatParameters(event.parameters)} parameters, ${formatParameters(event.trainable)} trained${resumed}`;
    }
    case 'progress':
      return progressLine(event);
    case 'evaluation-started':
      return `Evaluating ${suiteLabel(event.mark.suiteName)} at step ${event.mark.step}: ${event.items} items`;
    case 'evaluation-done': {
      const means = Object.entries(event.summary).map(([name, value]) => `${meanName(name)} ${meanValue(name, value)}`);
      return `Evaluated ${suiteLabel(event.mark.suiteName)} at step ${event.mark.step}: ${[plural(event.samples, 'sample'), ...means].join(', ')}`;
    }
    case 'checkpoint':
      return `Checkpoint at step ${event.checkpoint.step}, ${formatBytes(event.checkpoint.sizeBytes)}`;
    case 'paused':
      return `Paused at step ${event.step}`;
    case 'resumed':
      return `Resumed at step ${event.step}`;
    case 'finished':
      return `${event.outcome === 'completed' ? 'Completed' : 'Stopped'} at step ${event.step}`;
    default:
      return event.type;
  }
}

/** Work of one piece has no count to speak of. */
function progressLine(event: Extract<ShownEvent, { type: 'progress' }>): string {
  const { phase, done, total } = event;
  const text =
    event.unit !== undefined
      ? progressText(event)
      : total > 1
        ? `${phase}: ${formatCount(done)} of ${formatCount(total)}`
        : phase;
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
