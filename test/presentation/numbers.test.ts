import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatLevel,
  formatLevelPoints,
  formatNumber,
  formatP,
  formatParameters,
  formatPercent,
  formatPercentRange,
  formatPoints,
  formatPointsRange,
  formatPValue,
  formatRange,
  formatRatio,
  formatRatioRange,
  formatScore,
  formatSigned,
  formatTick,
} from '../../src-main/shared/presentation/numbers.ts';
import { formatAgo, formatDuration } from '../../src-main/shared/presentation/times.ts';

describe('a figure', () => {
  it.each([
    [formatPercent(0.0982), '9.8 %'],
    [formatPercent(0.00841), '0.84 %'],
    [formatPercent(0), '0.0 %'],
    [formatPercent(null), '–'],
    [formatPercent(Number.NaN), '–'],
    [formatPercentRange({ low: 0.0214, high: 0.0281 }), '2.1 to 2.8 %'],
    [formatLevel(0.95), '95 %'],
    [formatLevel(0.00005), '0.005 %'],
    [formatLevelPoints(0.00005), '+0.005 points'],
    [formatLevelPoints(0.02), '+2 points'],
    [formatLevelPoints(0), '0 points'],
    [formatPoints(-0.0705), '−7.0 points'],
    [formatPoints(0.0055), '+0.55 points'],
    [formatPoints(0), '0.0 points'],
    [formatPoints(-0.000001), '0.00 points'],
    [formatPointsRange({ low: -0.016, high: 0.0055 }), '−1.6 to +0.55 points'],
    [formatCount(1234567), '1,234,567'],
    [formatNumber(14.708333333333334), '14.71'],
    [formatNumber(12345.678), '12,350'],
    [formatNumber(123456), '123,456'],
    [formatNumber(-1.42e-9), '−1.4 × 10⁻⁹'],
    [formatNumber(0), '0'],
    [formatRatio(0.8344), '0.83'],
    [formatRatio(1.5), '1.50'],
    [formatRatio(1), '1.00'],
    [formatRatio(0.9975), '0.998'],
    [formatRatio(1.00004), '1.00'],
    [formatRatio(0.0042), '0.0042'],
    [formatRatio(10.13), '10.1'],
    [formatRatio(null), '–'],
    [formatRatioRange(0.28, 0.7601), '0.28 to 0.76'],
    [formatRatioRange(null, 2), '–'],
    [formatNumber(-Infinity), '−∞'],
    [formatNumber(null), '–'],
    [formatRange(0.5, 2), '0.5 to 2'],
    [formatSigned(0.5), '+0.50'],
    [formatSigned(0), '0.00'],
    [formatSigned(0.001), '0.00'],
    [formatSigned(-0.001), '0.00'],
    [formatP(0.0000902), '9.0 × 10⁻⁵'],
    [formatP(0.0192), '0.019'],
    [formatP(1), '1.00'],
    [formatPValue(0), 'p < 10⁻³⁰⁰'],
    [formatPValue(0.034), 'p = 0.034'],
    [formatTick(0.30000000000000004), '0.3'],
    [formatBytes(999), '999 B'],
    [formatBytes(61_000_000), '61.0 MB'],
    [formatBytes(1.5e12), '1.5 TB'],
    [formatParameters(260_032), '260 k'],
  ])('reads %s', (printed, expected) => {
    expect(printed).toBe(expected);
  });
});

describe('a time', () => {
  it.each([
    [formatDuration(1500), '1.5 s'],
    [formatDuration(9960), '10 s'],
    [formatDuration(59_700), '1 min 0 s'],
    [formatDuration(95_000), '1 min 35 s'],
    [formatDuration(7_500_000), '2 h 5 min'],
    [formatDuration(null), '–'],
    [formatAgo(0, 3000), 'just now'],
    [formatAgo(0, 90_000), '1 min ago'],
    [formatAgo(0, 7_200_000), '2 h ago'],
  ])('reads %s', (printed, expected) => {
    expect(printed).toBe(expected);
  });
});

it('scores of a column have the same places, and fewer where they are large', () => {
  expect([-5.4, 7.25, 123.456, -98765.4, null].map(formatScore)).toEqual(['−5.400', '7.250', '123.5', '−98765', '–']);
});
