import type { TrainerEvent } from '../../../shared/domain/trainer-events.ts';
import { tellProgress } from '../../../workbench/supervision/trainer-jobs.ts';
import type { CommandContext } from '../context.ts';

/** Shows how much of a model is loaded, and clears the line when all of it is. */
export function loadingShown({ terminal, task }: CommandContext) {
  return (event: Extract<TrainerEvent, { type: 'progress' }>): void => {
    if (event.done >= event.total) terminal.settle();
    else tellProgress(task, event);
  };
}
