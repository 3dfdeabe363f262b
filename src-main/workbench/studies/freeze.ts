import { hash } from 'node:crypto';
import type { SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CandidateResult, FrozenMethod, FrozenSettings, FrozenStudy } from '../../shared/domain/studies.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { trainSources } from '../../shared/domain/train-sources.ts';
import type { Core } from '../core.ts';
import { findByName } from '../workspace/names.ts';
import { specDifference } from '../runs/spec-changes.ts';
import type { CheckedStudy } from './check-study.ts';
import { variantsOf } from './check-study.ts';
import { specOf } from './methods.ts';

/** Everything that decides what the test split will show, with the chosen candidates. */
export async function settingsOf(
  core: Core,
  { file, methods, models, test }: CheckedStudy,
  candidates: readonly CandidateResult[],
): Promise<FrozenSettings> {
  const chosenOf = (method: string) => candidates.find((one) => one.method === method && one.chosen)?.candidate ?? 0;
  const specs: RunSpec[] = [];
  const frozenMethods = methods.map((method): FrozenMethod => {
    const { name, isLowerRate, tried, copyOf, merge, at } = method;
    const variant = chosenOf(copyOf?.method ?? name);
    const settings = variantsOf(methods, method)[variant];
    if (settings === undefined) throw new WorkbenchError('internal', `“${name}” has no candidate ${variant}.`);
    const own = file.models.map((_, i) => {
      const outcome = specOf(file, i, { at, ...settings });
      if ('issues' in outcome) throw new WorkbenchError('internal', 'A study was frozen unchecked.');
      specs.push(outcome.spec);
      return plainSpec(outcome.spec);
    });
    return { name, isLowerRate, tried, specs: own, ...(merge === undefined ? {} : { merge }) };
  });
  return {
    models: models.map(({ name, sha256 }) => ({ model: name, sha256 })),
    seeds: file.seeds,
    fractions: [...file.fractions].sort((a, b) => a - b),
    reference: file.reference,
    methods: frozenMethods,
    test: {
      flips: test.flips.map(suiteOf),
      sampledReward: suiteOf(test.sampledReward),
      greedyReward: test.greedyReward === null ? null : suiteOf(test.greedyReward),
    },
    datasets: await datasetsOf(core, specs),
  };
}

/** A spec without what each run has of its own. */
function plainSpec({ name: _name, seed: _seed, ...rest }: RunSpec): Record<string, unknown> {
  // As it is read back from the store: JSON has no undefined.
  return JSON.parse(JSON.stringify(rest)) as Record<string, unknown>;
}

function suiteOf({ name, sha256 }: SuiteRecord) {
  return { name, sha256 };
}

async function datasetsOf({ store }: Core, specs: readonly RunSpec[]): Promise<FrozenSettings['datasets']> {
  const all = await store.listDatasets();
  const names = [...new Set(specs.flatMap((spec) => trainSources(spec).map(({ name }) => name)))].sort();
  return names.map((text) => {
    const { name, sha256 } = findByName('dataset', all, text);
    return { name, sha256 };
  });
}

export function hashOf(settings: FrozenSettings): string {
  return hash('sha256', JSON.stringify(sorted(settings)), 'hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, part]) => [key, sorted(part)]),
  );
}

const shownDifferences = 5;

/** The test split was opened with other settings than the file has now: what it would show then is no test of them. */
export function requireUnchanged(frozen: FrozenStudy, now: FrozenSettings, name: string): void {
  if (hashOf(now) === frozen.hash) return;
  const differences = specDifference(sorted(frozen.settings), sorted(now));
  const shown = differences
    .slice(0, shownDifferences)
    .map(({ path, from, to }) => `${path} was ${JSON.stringify(from)} and is ${JSON.stringify(to)}`);
  const more = differences.length > shownDifferences ? ` (and ${differences.length - shownDifferences} more)` : '';
  throw new WorkbenchError(
    'conflict',
    `The settings of “${name}” were frozen at ${frozen.at}, before its test split was opened, and are different now: ${shown.join('; ')}${more}.`,
    {
      remedy:
        'Put them back, or give the study another name: then it is another study, best with fresh seeds and another test split.',
    },
  );
}
