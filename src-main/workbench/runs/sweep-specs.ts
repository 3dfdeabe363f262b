import { combinations, withValue } from './spec-changes.ts';

/** A spec for every combination of the varied values, named by them. */
export function sweepSpecs(
  base: Record<string, unknown>,
  vary: readonly { path: string; values: readonly unknown[] }[],
): Record<string, unknown>[] {
  return combinations(vary).map((settings) => {
    const spec = settings.reduce((done, { path: at, value }) => withValue(done, at, value), base);
    const label = settings.map(({ path: at, value }) => `${at}=${JSON.stringify(value)}`).join(' ');
    return { ...spec, name: `${typeof base.name === 'string' ? base.name : 'sweep'} ${label}`.slice(0, 200) };
  });
}
