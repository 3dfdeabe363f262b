import { describe, expect, it } from 'vitest';
import { rateSentence, ratesOf } from '../../src-main/shared/presentation/rates.ts';
import { comparisonRecord } from '../renderer/samples.ts';

describe('the rates of a comparison', () => {
  const { counts } = comparisonRecord();
  it('have Wilson’s interval over what was counted', () => {
    const { n, nfr, net } = ratesOf(counts);
    expect([n, nfr.value, net]).toEqual([100, 0.1, -0.05]);
    // Wilson's interval of 10 of 100 at 95 %.
    expect(rateSentence(nfr)).toBe('10.0 %, 5.5 to 17.4 % (95 % Wilson interval)');
  });
  it('have the interval that accounts for groups where there is one, and say so', () => {
    const grouped = { value: 0.1, low: 0.03, high: 0.28, clusters: 12 };
    const { nfr } = ratesOf({ ...counts, clustered: { nfr: grouped, pfr: grouped } });
    expect(rateSentence(nfr)).toBe('10.0 %, 3.0 to 28.0 % (95 % Wilson interval, 12 groups of samples accounted for)');
  });
});
