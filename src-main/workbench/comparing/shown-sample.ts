import type { SampleDetail, SampleSide } from '../../shared/domain/flip-view.ts';
import { shortened, windowCharacters } from '../../shared/domain/long-texts.ts';

/** Answers to one sample that a window is sent. */
const mostAttempts = 200;
const attemptCharacters = 20_000;
const where = 'flipguard flips --json has the whole text';

/** A sample as a window is sent it: what is longer than can be read there is shortened, and says so. */
export function shownSample(sample: SampleDetail): SampleDetail {
  const text = (whole: string): string => shortened(whole, windowCharacters, where);
  const orNull = (whole: string | null): string | null => (whole === null ? null : text(whole));
  const side = (one: SampleSide | null): SampleSide | null =>
    one === null ? null : { ...one, output: orNull(one.output), ...attemptsOf(one) };
  const { prompt, target, left, right, parting } = sample;
  const parts = parting !== null && Math.max(parting.left, parting.right) < windowCharacters / 2;
  return {
    ...sample,
    prompt: text(prompt),
    target: orNull(target),
    left: side(left),
    right: side(right),
    parting: parts ? parting : null,
  };
}

function attemptsOf({ attempts }: SampleSide): Pick<SampleSide, 'attempts'> {
  if (attempts === undefined) return {};
  return {
    attempts: attempts.slice(0, mostAttempts).map((attempt) => ({
      ...attempt,
      output: attempt.output === null ? null : shortened(attempt.output, attemptCharacters, where),
    })),
  };
}
