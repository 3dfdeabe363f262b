import type { TrainerEventBody } from '../domain/trainer-events.ts';
import { formatBytes } from './numbers.ts';

type Progress = Pick<Extract<TrainerEventBody, { type: 'progress' }>, 'phase' | 'done' | 'total' | 'unit'>;

/** A phase by its name, and where bytes are counted with those: “loading 1.2 of 5.0 GB”. */
export function progressText({ phase, done, total, unit }: Progress): string {
  if (unit === undefined) return phase;
  const [amount, of] = [formatBytes(done), formatBytes(total)];
  const sameUnit = amount.split(' ')[1] === of.split(' ')[1];
  return `${phase} ${sameUnit ? amount.split(' ')[0] : amount} of ${of}`;
}
