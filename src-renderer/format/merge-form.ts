import { moduleKinds } from '@shared/domain/merging.ts';
import type { MergeMethod, ModuleKind } from '@shared/domain/merging.ts';

/** What the form has: texts and numbers as they were typed. */
export interface MergeForm {
  method: MergeMethod;
  base: string;
  models: { id: string; weight: number | '' }[];
  /** One, or several with commas. */
  fractions: string;
  parts: Record<ModuleKind, number | ''>;
  /** Empty: nothing is searched. */
  suite: string;
  reward: string;
  over: 'modules' | 'layers';
}

export const mergeMethodNames: Readonly<Record<MergeMethod, string>> = {
  linear: 'Linear interpolation',
  slerp: 'SLERP',
  'task-arithmetic': 'Task arithmetic',
};

export function emptyParts(): MergeForm['parts'] {
  return { attention: '', mlp: '', norms: '', embeddings: '' };
}

/** Null where a field holds something else. */
export function fractionsOf(text: string): number[] | null {
  const numbers = text
    .split(/[,;\s]+/)
    .filter((one) => one !== '')
    .map(Number);
  return numbers.length > 0 && numbers.every(Number.isFinite) ? numbers : null;
}

/** The merge file that the form stands for. */
export function mergeSpec(form: MergeForm, name: string): Record<string, unknown> {
  const [first, ...others] = fractionsOf(form.fractions) ?? [1];
  const parts = moduleKinds.flatMap((module) => {
    const fraction = form.parts[module];
    return fraction === '' ? [] : [{ modules: [module], fraction }];
  });
  const search = { suite: form.suite, over: form.over, ...(form.reward === '' ? {} : { reward: form.reward }) };
  return {
    name,
    method: form.method,
    base: form.base,
    models: form.models.map(({ id, weight }) => (weight === '' ? id : { model: id, weight })),
    fraction: others.length === 0 ? first : [first, ...others],
    ...(parts.length === 0 ? {} : { parts }),
    ...(form.suite === '' ? {} : { search }),
  };
}
