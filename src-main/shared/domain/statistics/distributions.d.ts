/** Distribution functions of @stdlib in one file; `npm run distributions` makes it. NaN for parameters that are none. */

/** P(X ≤ x) of `trials` independent trials that succeed with `probability`. */
export function binomialCdf(x: number, trials: number, probability: number): number;
/** P(X ≤ x) of `draws` without replacement from `population`, of which `successes` count. */
export function hypergeometricCdf(x: number, population: number, successes: number, draws: number): number;
export function normalCdf(x: number, mean: number, standardDeviation: number): number;
export function normalQuantile(p: number, mean: number, standardDeviation: number): number;
/** Student's t with `degrees` of freedom. */
export function tQuantile(p: number, degrees: number): number;
