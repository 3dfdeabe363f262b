import type { MergePart, ModuleKind } from '../domain/merging.ts';

const moduleWords: Readonly<Record<ModuleKind, string>> = {
  attention: 'attention',
  mlp: 'MLP',
  norms: 'norms',
  embeddings: 'embeddings and head',
};

/** Weights that go a fraction of their own, in words: “attention 0.25, layers 0 to 2 0.5”. */
export function describeParts(parts: readonly MergePart[]): string {
  return parts.map((part) => `${partName(part)} ${part.fraction}`).join(', ');
}

export function partName({ modules, layers }: Omit<MergePart, 'fraction'>): string {
  const kinds = (modules ?? []).map((one) => moduleWords[one]).join(' and ');
  if (layers === undefined) return kinds;
  const range = layers[0] === layers[1] ? `layer ${layers[0]}` : `layers ${layers[0]} to ${layers[1]}`;
  return kinds === '' ? range : `${kinds} of ${range}`;
}
