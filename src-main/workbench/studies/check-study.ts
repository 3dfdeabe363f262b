import { isAnswered } from '../../shared/domain/evaluations.ts';
import { isDeepStrictEqual } from 'node:util';
import type { ModelRecord, SuiteRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import type { StudyFile, StudySplit } from '../../shared/domain/studies.ts';
import { endpointFamily } from '../../shared/domain/endpoints.ts';
import type { SpecIssue } from '../../shared/contract/views.ts';
import { unusualValues } from '../../shared/presentation/unusual-values.ts';
import type { Core } from '../core.ts';
import { resolveSpec } from '../runs/resolve.ts';
import { dotted } from '../runs/spec-text.ts';
import { findByName } from '../workspace/names.ts';
import { methodsOf, originOf, specOf } from './methods.ts';
import type { StudyMethod } from './methods.ts';
import { placed, refuse } from './study-text.ts';
import type { PlacedIssue, ReadStudy } from './study-text.ts';

/** A split with the suites that its names stand for. */
export interface FoundSplit {
  flips: SuiteRecord[];
  sampledReward: SuiteRecord;
  greedyReward: SuiteRecord | null;
}

/** A study whose names stand for things and whose settings can all be launched. */
export interface CheckedStudy {
  file: StudyFile;
  methods: StudyMethod[];
  models: ModelRecord[];
  test: FoundSplit;
  validation: FoundSplit | null;
  /** What is far from usual in its settings, with its place in the file. */
  warnings: SpecIssue[];
}

/** Looks everything up, and says everything that is wrong at once, by line. */
export async function checkStudy(core: Core, study: ReadStudy): Promise<CheckedStudy> {
  const { file } = study;
  const issues: PlacedIssue[] = [];
  const suites = await core.store.listSuites();
  const allModels = await core.store.listModels();
  const found = <T>(at: PlacedIssue['at'], find: () => T): T | null => {
    try {
      return find();
    } catch (error) {
      if (!(error instanceof WorkbenchError)) throw error;
      issues.push({ at, message: [error.message, error.remedy].filter((text) => text !== undefined).join(' ') });
      return null;
    }
  };
  const models = file.models.flatMap(({ model }, i) => {
    const one = found(['models', i, 'model'], () => findByName('model', allModels, model));
    if (one?.family !== endpointFamily) return one ?? [];
    issues.push({
      at: ['models', i, 'model'],
      message: `“${one.name}” is a model behind a server: it cannot be trained`,
    });
    return [];
  });
  const splitOf = (name: 'test' | 'validation', split: StudySplit): FoundSplit | null => {
    const suiteAt = (at: PlacedIssue['at'], text: string, fault: (suite: SuiteRecord) => string | null) => {
      const suite = found(at, () => findByName('suite', suites, text));
      const wrong = suite === null ? null : fault(suite);
      if (wrong !== null) issues.push({ at, message: `“${text}” ${wrong}` });
      return suite;
    };
    const flips = split.flips.flatMap((text, i) => suiteAt([name, 'flips', i], text, faultOfCheck) ?? []);
    const sampled = suiteAt([name, 'sampledReward'], split.sampledReward, (suite) => faultOfReward(suite, true));
    const greedy =
      split.greedyReward === undefined
        ? null
        : suiteAt([name, 'greedyReward'], split.greedyReward, (suite) => faultOfReward(suite, false));
    return sampled === null ? null : { flips, sampledReward: sampled, greedyReward: greedy };
  };
  const test = splitOf('test', file.test);
  const validation = file.validation === undefined ? null : splitOf('validation', file.validation);
  if (test !== null && validation !== null) issues.push(...sharedSuites(test, validation));
  file.methods.forEach(({ merge }, i) => {
    for (const key of ['suite', 'reward'] as const) {
      const text = merge?.search[key];
      if (text === undefined) continue;
      const at = ['methods', i, 'merge', 'search', key];
      const suite = found(at, () => findByName('suite', suites, text));
      if (suite === null || test === null || twinIn(test, suite) === undefined) continue;
      issues.push({ at, message: `“${suite.name}” is in the test split, too; what chooses is never what is reported` });
    }
  });
  const methods = methodsOf(file);
  const specs = await faultsOfSpecs(core, file, methods);
  issues.push(...specs.issues);
  refuse(study, unique(issues));
  if (test === null) throw new WorkbenchError('internal', 'A study without a test split was let through.');
  return { file, methods, models, test, validation, warnings: placed(study, unique(specs.warnings)) };
}

function faultOfCheck({ kind, scorer }: SuiteRecord): string | null {
  if (kind === 'pairs') return 'is of the kind pairs: what training gains, not what it breaks';
  if (!isAnswered(kind)) return null;
  // Compared by their scores, prompt by prompt.
  if (kind === 'outputs') return null;
  if (scorer === undefined) return 'has no scorer, so its answers get no verdict';
  if ('threshold' in scorer && scorer.threshold !== undefined) return null;
  const scores = ['lexicon', 'reward-model', 'command'].includes(scorer.kind);
  return scores ? 'has a scorer without a threshold, so its answers get no verdict' : null;
}

function faultOfReward({ kind, scorer, decoding }: SuiteRecord, isSampled: boolean): string | null {
  if (!isAnswered(kind)) return `is of the kind ${kind}; rewards are of answers (generate, outputs)`;
  if (scorer === undefined) return 'has no scorer, so its answers get no reward';
  const temperature = decoding?.temperature ?? 0;
  if (isSampled && temperature === 0) return 'answers greedily; the sampled reward needs a temperature above 0';
  if (!isSampled && temperature > 0) return `samples at temperature ${temperature}; the greedy reward needs 0`;
  return null;
}

function suitesOf({ flips, sampledReward, greedyReward }: FoundSplit): SuiteRecord[] {
  return [...flips, sampledReward, ...(greedyReward === null ? [] : [greedyReward])];
}

/** A suite of both splits, under one name or two. */
function sharedSuites(test: FoundSplit, validation: FoundSplit): PlacedIssue[] {
  return suitesOf(validation).flatMap((suite) => {
    const twin = twinIn(test, suite);
    if (twin === undefined) return [];
    const same = twin.id === suite.id ? 'is' : `has the same items as “${twin.name}”, which is`;
    return [{ at: ['validation'], message: `“${suite.name}” ${same} in the test split, too; keep the two apart` }];
  });
}

function twinIn(split: FoundSplit, suite: SuiteRecord): SuiteRecord | undefined {
  return suitesOf(split).find(({ id, sha256 }) => id === suite.id || sha256 === suite.sha256);
}

/** Every spec that can come to be trained: its form, its names, and that no two are the same. */
async function faultsOfSpecs(
  core: Core,
  file: StudyFile,
  methods: readonly StudyMethod[],
): Promise<{ issues: PlacedIssue[]; warnings: PlacedIssue[] }> {
  const issues: PlacedIssue[] = [];
  const warnings: PlacedIssue[] = [];
  const made: { name: string; model: number; spec: RunSpec }[] = [];
  for (const modelIndex of file.models.keys()) {
    // What is merged is trained as another method.
    for (const method of methods.filter(({ merge }) => merge === undefined)) {
      for (const { settings, variant, times } of variantsOf(methods, method)) {
        const part = { at: method.at, variant, settings, ...(times === undefined ? {} : { times }) };
        const outcome = specOf(file, modelIndex, part);
        if ('issues' in outcome) {
          issues.push(...outcome.issues);
          continue;
        }
        const { spec } = outcome;
        for (const { path, message } of unusualValues(spec)) {
          const dottedPath = dotted(path);
          warnings.push({ at: originOf(file, modelIndex, part, dottedPath), message: `${dottedPath}: ${message}` });
        }
        const resolution = await resolveSpec(core, spec);
        if (!resolution.ok) {
          for (const { path, message } of resolution.issues) {
            issues.push({ at: originOf(file, modelIndex, part, path), message });
          }
        }
        const twin = made.find((other) => other.model === modelIndex && isDeepStrictEqual(other.spec, spec));
        if (twin !== undefined) {
          const whose = twin.name === method.name ? 'another of its candidates' : `“${twin.name}”`;
          issues.push({ at: method.at, message: `“${method.name}” has the same settings as ${whose}` });
        }
        made.push({ name: method.name, model: modelIndex, spec });
      }
    }
  }
  return { issues, warnings };
}

/** Of a copy those of its original. */
export function variantsOf(
  methods: readonly StudyMethod[],
  method: StudyMethod,
): { settings: Record<string, unknown>; variant: number; times?: number }[] {
  const { copyOf } = method;
  if (copyOf === null) return method.variants.map((settings, variant) => ({ settings, variant }));
  const original = methods.find(({ name }) => name === copyOf.method);
  return (original?.variants ?? []).map((settings, variant) => ({ settings, variant, times: copyOf.times }));
}

function unique(issues: readonly PlacedIssue[]): PlacedIssue[] {
  return [...new Map(issues.map((issue) => [`${issue.at.join('.')} ${issue.message}`, issue])).values()];
}
