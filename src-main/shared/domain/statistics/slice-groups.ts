import type { Candidate, SearchSample, SliceFamily } from './slice-features.ts';
import { CandidateCounter } from './slice-features.ts';

/**
 * Slices by what is known of a sample besides its words: tags, slices, labels, and quartiles of its length and numbers.
 * Cut points depend on the samples' inputs alone, never on their flips.
 */
export function groupCandidates(samples: readonly SearchSample[], minSamples: number): Candidate[] {
  const lengthCuts = quartiles(samples.map((sample) => sample.text.length));
  const numberCuts = cutsByName(samples);
  const counter = new CandidateCounter<string>();
  const statements = new Map<string, string>();
  samples.forEach((sample, index) => {
    const add = (family: SliceFamily, name: string, statement?: string) => {
      const key = `${family}:${name}`;
      counter.add(key, index, sample.kind);
      if (statement !== undefined) statements.set(key, statement);
    };
    const length = rangeOf(sample.text.length, lengthCuts);
    add('length', rangeName('text length', length), rangeStatement('prompt-length', length));
    for (const [name, value] of Object.entries(sample.numbers ?? {})) {
      if (!Number.isFinite(value)) continue;
      const range = rangeOf(value, numberCuts.get(name) ?? []);
      add(
        'number',
        rangeName(name, range),
        name === 'wanted length' ? rangeStatement('target-length', range) : undefined,
      );
    }
    for (const tag of new Set(sample.tags)) add('tag', `tag: ${tag}`, `tag:${tag}`);
    for (const slice of new Set(sample.slices)) add('slice', `slice: ${slice}`, `slice:${slice}`);
    for (const [name, value] of Object.entries(sample.labels ?? {})) add('label', `${name} = ${value}`);
  });
  return counter.candidates(minSamples, (key) => {
    const border = key.indexOf(':');
    const [family, name] = [key.slice(0, border) as SliceFamily, key.slice(border + 1)]; // as put together by `add`
    const statement = statements.get(key);
    return statement === undefined ? { family, name } : { family, name, statement };
  });
}

function cutsByName(samples: readonly SearchSample[]): Map<string, number[]> {
  const values = new Map<string, number[]>();
  for (const sample of samples) {
    for (const [name, value] of Object.entries(sample.numbers ?? {})) {
      if (!Number.isFinite(value)) continue;
      const list = values.get(name);
      if (list === undefined) values.set(name, [value]);
      else list.push(value);
    }
  }
  return new Map([...values].map(([name, list]) => [name, quartiles(list)]));
}

/** The distinct quartile cuts of the values, ascending; none at their least value, below which nothing lies. */
function quartiles(values: readonly number[]): number[] {
  const sorted = Float64Array.from(values).sort();
  const cuts = [0.25, 0.5, 0.75].map((share) => sorted[Math.floor(share * sorted.length)] ?? Number.NaN);
  return [...new Set(cuts)].filter((cut) => cut > (sorted[0] ?? cut));
}

interface Range {
  lower: number | undefined;
  upper: number | undefined;
}

/** The quartile a value falls into. */
function rangeOf(value: number, cuts: readonly number[]): Range {
  return { upper: cuts.find((cut) => value < cut), lower: cuts.findLast((cut) => value >= cut) };
}

function rangeName(what: string, { lower, upper }: Range): string {
  const bounds = [
    ...(lower === undefined ? [] : [`≥ ${shortNumber(lower)}`]),
    ...(upper === undefined ? [] : [`< ${shortNumber(upper)}`]),
  ];
  return bounds.length === 0 ? `${what}: any` : `${what} ${bounds.join(' and ')}`;
}

function rangeStatement(is: 'prompt-length' | 'target-length', { lower, upper }: Range): string | undefined {
  return lower === undefined && upper === undefined ? undefined : `${is}:${lower ?? 0}..${upper ?? ''}`;
}

function shortNumber(value: number): string {
  return String(Number(value.toPrecision(6)));
}
