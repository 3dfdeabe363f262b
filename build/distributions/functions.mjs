// The distribution functions that the statistics use. build/distributions/make.ts joins the hundreds of files behind them into one.
export { default as binomialCdf } from '@stdlib/stats-base-dists-binomial-cdf';
export { default as hypergeometricCdf } from '@stdlib/stats-base-dists-hypergeometric-cdf';
export { default as normalCdf } from '@stdlib/stats-base-dists-normal-cdf';
export { default as normalQuantile } from '@stdlib/stats-base-dists-normal-quantile';
export { default as tQuantile } from '@stdlib/stats-base-dists-t-quantile';
