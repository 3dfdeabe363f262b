import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReportChart, ReportParts, ReportStudyTable } from '../../shared/domain/reports/report-model.ts';
import { meanOverSeeds } from '../../shared/domain/statistics/intervals.ts';
import { formatLevel, formatNumber, formatRatio, nothing } from '../../shared/presentation/numbers.ts';
import { listed, plural } from '../../shared/presentation/words.ts';
import type { FrozenSettings, FrozenStudy, StudyRecord } from '../../shared/domain/studies.ts';
import { curveTablesOf } from '../studies/curve-tables.ts';
import { readPaths } from '../studies/read-paths.ts';
import type { SplitNames, StudyPath } from '../studies/read-paths.ts';
import { readPoint } from '../studies/points.ts';
import type { Core } from '../core.ts';
import type { Task } from '../supervision/task.ts';
import type { PartsContext } from './comparison-parts.ts';

export type StudyParts = Pick<ReportParts, 'studies' | 'frontiers' | 'exclusions' | 'provenance'> & {
  setup: NonNullable<ReportParts['setup']>;
  study: StudyRecord;
  /** Of the end of each path, for lineage. */
  evaluations: EvaluationRecord[];
};

/** What a study measured on its test split, as tables curve against curve, with what was frozen when. */
export async function studyParts(context: PartsContext, studyId: string, task: Task): Promise<StudyParts> {
  const { core, comparisons } = context;
  const study = await core.store.getStudy(studyId);
  if (study === null) throw new WorkbenchError('not-found', `There is no study ${studyId}.`);
  const { frozen } = study;
  if (frozen === null) {
    throw new WorkbenchError('bad-input', `The study “${study.name}” has not opened its test split yet.`, {
      remedy: 'flipguard study FILE continues it.',
    });
  }
  const { test } = frozen.settings;
  const names: SplitNames = {
    flips: test.flips.map(({ name }) => name),
    sampledReward: test.sampledReward.name,
    greedyReward: test.greedyReward?.name ?? null,
  };
  const paths = await readPaths(core, comparisons, { studyId, phase: 'test', names }, task);
  const studies: ReportStudyTable[] = [];
  const frontiers: ReportChart[] = [];
  for (const { model } of frozen.settings.models) {
    const own = inOrder(
      paths.filter((path) => path.model === model && path.points.length > 1),
      frozen.settings,
    );
    if (own.length === 0) continue;
    const { reference, methods } = frozen.settings;
    const lowerRate = methods.find(({ isLowerRate }) => isLowerRate)?.name ?? '';
    studies.push(await curveTablesOf(core, { model, paths: own, reference, lowerRate, methods, names }));
    frontiers.push(...names.flips.map((check) => chartOf(model, check, own)));
  }
  if (studies.length === 0) {
    throw new WorkbenchError('bad-input', `The study “${study.name}” has measured nothing yet.`, {
      remedy: 'flipguard study FILE continues it.',
    });
  }
  return {
    study,
    studies,
    frontiers,
    exclusions: leftOut(frozen.settings, paths),
    setup: factsOf(frozen),
    provenance: [{ label: 'Frozen settings, SHA-256', value: frozen.hash }],
    evaluations: await endsOf(core, studyId),
  };
}

/** Methods in the order of the study. */
function inOrder(paths: readonly StudyPath[], { methods }: FrozenSettings): StudyPath[] {
  const place = ({ method }: StudyPath) => methods.findIndex(({ name }) => name === method);
  return [...paths].sort((a, b) => place(a) - place(b) || a.seed - b.seed);
}

/** Means over seeds, one line per method. */
function chartOf(model: string, check: string, paths: readonly StudyPath[]): ReportChart {
  const methods = [...new Set(paths.map(({ method }) => method))];
  const series = methods.map((method) => {
    const own = paths.filter((path) => path.method === method);
    const fractions = own[0]?.points.map(({ fraction }) => fraction) ?? [];
    const points = fractions.flatMap((fraction) => {
      const at = own.flatMap((path) => path.points.find((point) => point.fraction === fraction) ?? []);
      const rewards = at.flatMap(({ along }) => along['sampled-reward'] ?? []);
      const rates = at.flatMap(({ counts }) => {
        const one = counts[check];
        return one === undefined || one.n === 0 ? [] : [one.negative / one.n];
      });
      if (rewards.length === 0 || rates.length === 0) return [];
      const { mean: y, low, high } = meanOverSeeds(rates);
      const label = `${Math.round(fraction * 100)} % of the way`;
      return [
        {
          x: meanOverSeeds(rewards).mean,
          y,
          low: fraction === 0 ? null : low,
          high: fraction === 0 ? null : high,
          label,
        },
      ];
    });
    return { name: method, points };
  });
  return {
    title: `Sampled reward against negative flips on ${check} (${model}), means over seeds`,
    xLabel: 'sampled reward',
    yLabel: 'NFR',
    yIsShare: true,
    series,
  };
}

/** What should have been measured and was not. */
function leftOut({ methods, models, seeds }: FrozenSettings, paths: readonly StudyPath[]) {
  return models.flatMap(({ model }) =>
    methods.flatMap(({ name }) => {
      const missing = seeds.filter(
        (seed) =>
          !paths.some(
            (path) => path.model === model && path.method === name && path.seed === seed && path.points.length > 1,
          ),
      );
      if (missing.length === 0) return [];
      const what = `${name} on ${model}: ${missing.length === 1 ? 'seed' : 'seeds'} ${missing.join(', ')}`;
      return [{ what, count: missing.length, why: 'not trained to the end, or not measured yet' }];
    }),
  );
}

function factsOf({ at, hash, settings, candidates, seenBefore }: FrozenStudy): StudyParts['setup'] {
  const { seeds, fractions, reference, methods, test, datasets } = settings;
  const suites = [...test.flips, test.sampledReward, ...(test.greedyReward === null ? [] : [test.greedyReward])];
  return [
    { label: 'Settings frozen', value: `${at}, before the test split was opened; SHA-256 ${hash}` },
    {
      label: 'Test suites evaluated before that',
      value:
        seenBefore === 0 ? 'never, on trained weights' : `${seenBefore} times on trained weights of this workspace`,
    },
    { label: 'Test split', value: suites.map(({ name }) => name).join(', ') },
    { label: 'Datasets', value: datasets.map(({ name }) => name).join(', ') },
    { label: seeds.length === 1 ? 'Seed' : 'Seeds', value: seeds.join(', ') },
    {
      label: 'Measured at',
      value: `${listed([0, ...fractions, 1].map(formatLevel))} of the way from the old weights`,
    },
    { label: 'Reference', value: reference },
    ...settingsFacts(methods),
    ...candidates.map(({ method, candidate, gain, ratio, chosen }) => ({
      label: `Validation, ${method}, candidate ${candidate + 1}`,
      value: `gain ${formatNumber(gain, 3)}, ${ratio === null ? 'not comparable' : `${formatRatio(ratio)} times the flips of candidate 1`}${chosen ? '; chosen' : ''}`,
    })),
  ];
}

/** What all methods were trained with, and what each has of its own: by the keys of a run spec. */
function settingsFacts(methods: FrozenSettings['methods']): StudyParts['setup'] {
  const flat = methods.map(({ specs }) => new Map(leavesOf(specs[0] ?? {})));
  const [first = new Map<string, string>(), ...others] = flat;
  const shared = new Map([...first].filter(([key, value]) => others.every((other) => other.get(key) === value)));
  const shown = (settings: ReadonlyMap<string, string>) =>
    [...settings].map(([key, value]) => `${key} ${value}`).join('; ');
  return [
    ...(shared.size === 0 ? [] : [{ label: 'Settings of all methods', value: shown(shared) }]),
    ...methods.map(({ name, tried }, i) => ({
      label: `${name}: settings of its own (${plural(tried, 'configuration')} tried)`,
      value: shown(new Map([...(flat[i] ?? [])].filter(([key]) => !shared.has(key)))) || nothing,
    })),
  ];
}

/** `optimizer.learningRate` and its value, for every value of a spec. */
function leavesOf(value: unknown, key = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[key, String(value)]];
  if (Array.isArray(value)) return [[key, value.length === 0 ? 'none' : JSON.stringify(value)]];
  return Object.entries(value).flatMap(([name, part]) => leavesOf(part, key === '' ? name : `${key}.${name}`));
}

async function endsOf({ store }: Core, studyId: string): Promise<EvaluationRecord[]> {
  const evaluations = new Map<string, EvaluationRecord>((await store.listEvaluations()).map((one) => [one.id, one]));
  return Object.entries(await store.studyPoints(studyId)).flatMap(([point, thing]) => {
    const read = readPoint(point);
    if (read?.place.phase !== 'test' || !('suite' in read.part) || ![0, 1].includes(read.place.fraction)) return [];
    return evaluations.get(thing) ?? [];
  });
}
