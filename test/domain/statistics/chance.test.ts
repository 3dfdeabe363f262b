import { describe, expect, it } from 'vitest';
import { calibrationOf, chanceSummary } from '../../../src-main/shared/domain/statistics/chance.ts';
import { SeededRandom } from '../../../src-main/shared/domain/statistics/random.ts';

const none = { left: null, right: null };
const all = () => true;
const side = (samples: [confidence: number, isRight: number][]) => ({
  confidence: Float64Array.from(samples, ([confidence]) => confidence),
  isRight: Float64Array.from(samples, ([, isRight]) => isRight),
});

describe('what guessing would bring', () => {
  it.each([
    [2, 0.25, 0.6, 0.2],
    [4, 0.1875, 0.6, 0.1],
    [5, 0.16, 0.9, 0.02],
  ])('with %i options', (options, guessing, best, guessedRest) => {
    const summary = chanceSummary(Float64Array.of(options, options), all, none, { left: best, right: best - 0.1 });
    expect(summary).toMatchObject({
      n: 2,
      options: { least: options, most: options },
      guessing: expect.closeTo(guessing),
    });
    expect(summary?.guessedRest).toBeCloseTo(guessedRest, 12);
  });

  it('counts what is in N and has two options at least, each by its own number', () => {
    const summary = chanceSummary(Float64Array.of(2, 4, 4, NaN, 1), (i) => i !== 2, none, { left: null, right: null });
    expect(summary).toMatchObject({
      n: 2,
      options: { least: 2, most: 4 },
      guessing: (0.25 + 0.1875) / 2,
      guessedRest: null,
    });
    expect(chanceSummary(Float64Array.of(NaN), all, none, { left: 1, right: 1 })).toBeNull();
  });

  it('is all of it where a side is no better than guessing, and none where it knows everything', () => {
    const of = (accuracy: number) =>
      chanceSummary(Float64Array.of(4), all, none, { left: accuracy, right: accuracy })?.guessedRest;
    expect([of(0.1), of(0.25), of(1)]).toEqual([0.1875, expect.closeTo(0.1875), 0]);
  });

  it('is what sides that know some and guess the rest do', () => {
    const random = new SeededRandom(4);
    const guess = (options: number) => random.next() < 1 / options;
    const samples = 400_000;
    const options = new Float64Array(samples);
    let [old, now, negative] = [0, 0, 0];
    for (let i = 0; i < samples; i += 1) {
      const count = (options[i] = i % 2 === 0 ? 4 : 2);
      // The new side knows all that the old one does: 30 % against 50 %.
      const place = random.next();
      const left = place < 0.3 || guess(count);
      const right = place < 0.5 || guess(count);
      old += left ? 1 / samples : 0;
      now += right ? 1 / samples : 0;
      negative += left && !right ? 1 / samples : 0;
    }
    const summary = chanceSummary(options, all, none, { left: old, right: now });
    expect(Math.abs((summary?.guessedRest ?? 0) - negative)).toBeLessThan(0.002);
  });
});

describe('the calibration error', () => {
  it('is worked by hand', () => {
    // Two of 0.75 of which one is right, one of 0.35 that is right: (2·|0.5 − 0.75| + 1·|1 − 0.35|) / 3.
    const calibration = calibrationOf(
      side([
        [0.75, 1],
        [0.75, 0],
        [0.35, 1],
      ]),
    );
    expect(calibration?.ece).toBeCloseTo((2 * 0.25 + 0.65) / 3, 12);
    expect(calibration).toMatchObject({
      n: 3,
      bins: [
        { from: 0.3, n: 1 },
        { from: 0.7, n: 2, accuracy: 0.5 },
      ],
    });
  });
  it('puts an edge into the bin below it, and 0 and 1 into the outer ones', () => {
    const bins = calibrationOf(
      side([
        [0, 0],
        [0.1, 0],
        [0.5, 1],
        [1, 1],
      ]),
    )?.bins;
    expect(bins?.map(({ from, n }) => [from, n])).toEqual([
      [0, 2],
      [0.4, 1],
      [0.9, 1],
    ]);
  });
  it('is small where answers are right as often as they are sure, and leaves out what is not known', () => {
    const random = new SeededRandom(2);
    const sure = Array.from({ length: 50_000 }, (): [number, number] => {
      const confidence = 0.25 + 0.75 * random.next();
      return [confidence, random.next() < confidence ? 1 : 0];
    });
    expect(calibrationOf(side(sure))?.ece).toBeLessThan(0.01);
    expect(
      calibrationOf(
        side([
          [NaN, 1],
          [0.5, NaN],
          [0.5, 1],
        ]),
      )?.n,
    ).toBe(1);
    expect(calibrationOf(side([]))).toBeNull();
  });
});
