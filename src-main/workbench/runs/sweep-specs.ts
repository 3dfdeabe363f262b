import { WorkbenchError } from '../../shared/domain/errors.ts';
import { combinations, withValue } from './spec-changes.ts';

/**
 * A spec for every combination of the varied values, named by them.
 * @throws WorkbenchError `bad-input` where two are the same: one training counted twice would be taken for two seeds that agree.
 */
export function sweepSpecs(
  base: Record<string, unknown>,
  vary: readonly { path: string; values: readonly unknown[] }[],
): Record<string, unknown>[] {
  const seen = new Set<string>();
  return combinations(vary).map((settings) => {
    const spec = settings.reduce((done, { path: at, value }) => withValue(done, at, value), base);
    const label = settings.map(({ path: at, value }) => `${at}=${JSON.stringify(value)}`).join(' ');
    const trained = JSON.stringify({ ...spec, name: null });
    if (seen.has(trained)) {
      throw new WorkbenchError('bad-input', `The sweep would train ${label} twice.`, {
        remedy: 'Give each value once, and each path once; for repeats, vary the seed.',
      });
    }
    seen.add(trained);
    return { ...spec, name: `${typeof base.name === 'string' ? base.name : 'sweep'} ${label}`.slice(0, 200) };
  });
}
