import type { FlipFilter } from '@shared/domain/flip-view.ts';
import { toggled } from './flip-filter.ts';

/** Of which flips the bar over the list tells the kinds: the repaired ones where they alone are listed, else the lost ones. */
export function flipsShown(filter: FlipFilter): 'negative' | 'positive' {
  return filter.kinds?.length === 1 && filter.kinds[0] === 'positive' ? 'positive' : 'negative';
}

/** Flips of one kind of change alone; all kinds again where it was alone already. */
export function withKindAlone(filter: FlipFilter, name: string): FlipFilter {
  return { ...toggled(filter, 'changes', name, true), kinds: [flipsShown(filter)] };
}

/** A further kind of change, or one fewer. */
export function withKindToo(filter: FlipFilter, name: string): FlipFilter {
  return { ...toggled(filter, 'changes', name), kinds: [flipsShown(filter)] };
}
