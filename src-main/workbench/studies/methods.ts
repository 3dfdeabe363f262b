import type { StudyFile, StudyMerge } from '../../shared/domain/studies.ts';
import { moduleKinds, mostTrials } from '../../shared/domain/merging.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { withValue } from '../runs/spec-changes.ts';
import { parseSpec } from '../runs/spec-text.ts';
import type { PlacedIssue } from './study-text.ts';

type Plain = Record<string, unknown>;
type StudyModel = StudyFile['models'][number];

/** A method of a study, the control included. */
export interface StudyMethod {
  name: string;
  isLowerRate: boolean;
  tried: number;
  /** Its settings, one per candidate. */
  variants: Plain[];
  /** The method of whose chosen candidate this is a copy: at a lower rate, or merged. */
  copyOf: { method: string; times: number } | null;
  merge?: StudyMerge;
  /** Where it is in the file. */
  at: readonly (string | number)[];
}

export function methodsOf(file: StudyFile): StudyMethod[] {
  const { lowerRate } = file;
  const listed = file.methods.map(({ name, set, candidates, merge, triedElsewhere }, i): StudyMethod => {
    const at = ['methods', i];
    if (merge !== undefined) {
      const tried = triedElsewhere + settingsTried(merge);
      const copyOf = { method: merge.of, times: 1 };
      return { name, isLowerRate: false, tried, variants: [], copyOf, merge, at };
    }
    const variants = (candidates ?? [{}]).map((candidate) => ({ ...set, ...candidate }));
    const isLowerRate = 'method' in lowerRate && lowerRate.method === name;
    const tried = triedElsewhere + variants.length;
    return { name, isLowerRate, tried, variants, copyOf: null, at };
  });
  if ('method' in lowerRate) return listed;
  const { times } = lowerRate;
  const control: StudyMethod = {
    name: `${file.reference}, ${times} × the rate`,
    isLowerRate: true,
    tried: 1,
    variants: [],
    copyOf: { method: file.reference, times },
    at: ['lowerRate'],
  };
  return [...listed, control];
}

/** Settings that a run's search tries at most. */
function settingsTried({ search }: StudyMerge): number {
  return mostTrials(search, search.over === 'modules' ? moduleKinds.length : search.groups);
}

/** The whole run spec of a method's variant on a model, named and seeded as nothing in particular; or what is wrong with it. */
export function specOf(
  file: StudyFile,
  modelIndex: number,
  method: Pick<StudyMethod, 'at'> & { variant: number; settings: Plain; times?: number },
): { spec: RunSpec } | { issues: PlacedIssue[] } {
  const model = file.models[modelIndex] as StudyModel;
  const shared = { ...file.spec, name: 'study', model: model.model, seed: 0 };
  const changes = { ...method.settings, ...model.set };
  const raw = Object.entries(changes).reduce<Plain>((spec, [path, value]) => withValue(spec, path, value), shared);
  const parsed = parseSpec({ spec: raw });
  const origin = (path: string) => originOf(file, modelIndex, method, path);
  if (!parsed.ok) return { issues: parsed.issues.map(({ path, message }) => ({ at: origin(path), message })) };
  const { optimizer } = parsed.spec;
  const learningRate = optimizer.learningRate * model.learningRateTimes * (method.times ?? 1);
  return { spec: { ...parsed.spec, optimizer: { ...optimizer, learningRate: rounded(learningRate) } } };
}

/** A product of rates as a person would write it. */
function rounded(rate: number): number {
  return Number(rate.toPrecision(12));
}

/** Where the file says what a path of the spec holds: of the model, of the method, or of what all share. */
export function originOf(
  file: StudyFile,
  modelIndex: number,
  { at, variant, settings }: Pick<StudyMethod, 'at'> & { variant: number; settings: Plain },
  path: string,
): (string | number)[] {
  const covers = (key: string) => path === key || path.startsWith(`${key}.`) || key.startsWith(`${path}.`);
  const ofModel = Object.keys(file.models[modelIndex]?.set ?? {}).find(covers);
  if (ofModel !== undefined) return ['models', modelIndex, 'set', ofModel];
  if (path === 'model') return ['models', modelIndex, 'model'];
  const ofMethod = Object.keys(settings).find(covers);
  if (ofMethod === undefined || at[0] !== 'methods') return ['spec', ...path.split('.')];
  const listed = file.methods[at[1] as number];
  const inCandidate = listed?.candidates !== undefined && ofMethod in (listed.candidates[variant] ?? {});
  return inCandidate ? [...at, 'candidates', variant, ofMethod] : [...at, 'set', ofMethod];
}
