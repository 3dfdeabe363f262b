import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { documentedVariables } from '../../build/docs/cli-page.ts';
import { referencePages } from '../../build/docs/pages.ts';
import { metricNames, suiteMetrics } from '../../src-main/shared/domain/metrics.ts';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';

const checkout = resolve(import.meta.dirname, '../..');
const read = (name: string): string => readFileSync(resolve(checkout, name), 'utf8');
/** Every match of `pattern`'s first group in the sources, sorted, once each. */
function namesIn(sources: readonly string[], pattern: RegExp): string[] {
  const texts = globSync([...sources], { cwd: checkout }).map(read);
  const found = texts.flatMap((text) => [...text.matchAll(pattern)].map((match) => match[1] ?? ''));
  return [...new Set(found)].sort();
}

describe('docs/reference', () => {
  it.each(Object.entries(referencePages()))('%s is what `npm run docs` writes', (name, text) => {
    expect(read(`docs/reference/${name}`)).toBe(text);
  });

  it('shows specs that the schema accepts', () => {
    const specs = [...read('docs/reference/run-spec.md').matchAll(/```yaml\n([^`]+)```/g)].map((match): unknown =>
      parse(match[1] ?? ''),
    );
    expect(specs.map((spec) => runSpecSchema.safeParse(spec).error)).toEqual([undefined, undefined]);
  });

  it('registers no metric that the engine does not report', () => {
    const quoted = namesIn(
      ['src-main/engine/{objectives,evaluate}/*.ts'],
      /'((?:loss|rewards|logps|kl|objective|pairs|policy|guard)\/[a-z_]+)'/g,
    );
    // The engine makes the names of the three classes of lengths.
    const registered = [...metricNames, ...Object.values(suiteMetrics).flatMap((numbers) => Object.keys(numbers))];
    const slashed = registered.filter((name) => name.split('/').length === 2);
    expect([...new Set(slashed)].sort()).toEqual(quoted);
  });

  it('names every environment variable that a person may set', () => {
    const inner = ['BUILD', 'LAUNCHER', 'MODULES_DIR', 'SERVE_LOG', 'TEST_COUNTS', 'TEST_SLURM', 'TESTS'].map(
      (name) => `FLIPGUARD_${name}`,
    );
    const read = namesIn(['src-main/**/*.ts', 'build/**/*.mjs'], /\b(FLIPGUARD_[A-Z_]+[A-Z])\b/g);
    const natively = namesIn(['build/native/*.cc'], /getenv\("(FLIPGUARD_\w+)"\)/g);
    expect([...documentedVariables, ...inner].sort()).toEqual([...new Set([...read, ...natively])].sort());
  });
});
