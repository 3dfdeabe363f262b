import { expect, it } from 'vitest';
import { advanced, remainingMs, stoppedClock, workedInAll } from '../../src-main/shared/domain/run-clock.ts';

type Event = Parameters<typeof advanced>[1];
const after = (...events: Event[]) => events.reduce(advanced, stoppedClock);

it('counts no pause, and no time between a stop and its resume', () => {
  const paused = after(
    { type: 'started', at: 1000 },
    { type: 'step', step: 1, at: 3000 },
    { type: 'paused', at: 4000 },
  );
  expect(workedInAll(paused, true, 60_000)).toBe(3000);
  const resumed = advanced(paused, { type: 'resumed', at: 50_000 });
  expect(workedInAll(resumed, true, 52_000)).toBe(5000);
  const ended = [
    { type: 'finished', at: 53_000 },
    { type: 'started', at: 90_000 },
    { type: 'finished', at: 91_000 },
  ] as const;
  expect(workedInAll(ended.reduce(advanced, resumed), false, 1e9)).toBe(7000);
});

it('of a run that died without a word counts until it was last heard of', () => {
  const died = after({ type: 'started', at: 0 }, { type: 'step', step: 3, at: 700 });
  expect(workedInAll(died, false, 1e9)).toBe(700);
  expect(workedInAll(advanced(died, { type: 'started', at: 5000 }), true, 5100)).toBe(800);
});

it('tells what is left by the pace of this start, pauses not counted', () => {
  const clock = after(
    { type: 'started', at: 0 },
    // Preparing takes long and says nothing of the pace.
    { type: 'step', step: 1, at: 90_000 },
    { type: 'paused', at: 90_500 },
    { type: 'resumed', at: 190_500 },
    { type: 'step', step: 3, at: 191_000 },
  );
  // Two steps in 1 s of work: 7 more take 3.5 s, of which 0.5 s are over.
  expect(remainingMs(clock, 10, 191_500)).toBe(3000);
  expect(remainingMs(after({ type: 'started', at: 0 }, { type: 'step', step: 1, at: 10 }), 10, 20)).toBeNull();
});
