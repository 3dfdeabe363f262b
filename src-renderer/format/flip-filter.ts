import type { FlipFilter } from '@shared/domain/flip-view.ts';
import { isOfInput, parseStatement } from '@shared/domain/kinds/statements.ts';
import { statementLabel } from '@shared/presentation/statements.ts';
import { kindLabel } from '@shared/domain/kinds/kind-sentences.ts';
import { formatNumber } from '@shared/presentation/numbers.ts';
import { kindNames } from '@shared/presentation/words.ts';

/** How a filter changes by clicks, and how it is put in words. All functions answer a new filter. */

export type ListFacet = 'kinds' | 'changes' | 'slices' | 'tags' | 'labels' | 'stability';
export type RangeFacet = 'delta' | 'length' | 'firing';
export type Range = [number | null, number | null];

/** Values selected in a list facet, as text. */
export function selectedIn(filter: FlipFilter, facet: ListFacet): string[] {
  return (filter[facet] ?? []).map(String);
}

/** Adds or takes away one value; with `only`, that value alone, or none of them if it already was alone. */
export function toggled(filter: FlipFilter, facet: ListFacet, value: string, only = false): FlipFilter {
  const now = selectedIn(filter, facet);
  const alone = now.length === 1 && now[0] === value;
  const next = only
    ? alone
      ? []
      : [value]
    : now.includes(value)
      ? now.filter((other) => other !== value)
      : [...now, value];
  return withValues(filter, facet, next);
}

/** Empty lists are left out: no choice means every value. */
export function withValues(filter: FlipFilter, facet: ListFacet, values: string[]): FlipFilter {
  const rest = { ...filter };
  delete rest[facet];
  if (values.length === 0) return rest;
  return { ...rest, [facet]: facet === 'labels' ? values.map(Number) : values };
}

export function withRange(filter: FlipFilter, facet: RangeFacet, range: Range | null): FlipFilter {
  const rest = { ...filter };
  delete rest[facet];
  return range === null || (range[0] === null && range[1] === null) ? rest : { ...rest, [facet]: range };
}

export function withSearch(filter: FlipFilter, search: string): FlipFilter {
  const rest = { ...filter };
  delete rest.search;
  return search.trim() === '' ? rest : { ...rest, search };
}

export function withReviewed(filter: FlipFilter, reviewed: boolean | undefined): FlipFilter {
  const rest = { ...filter };
  delete rest.reviewed;
  return reviewed === undefined ? rest : { ...rest, reviewed };
}

/**
 * The part of a filter that says which samples are looked at, apart from what became of them: rates within this part
 * keep their meaning, while a rate within “negative flips” would not.
 */
export function populationPart(filter: FlipFilter): FlipFilter {
  const { slices, tags, search, searchMode, length, firing, trained, verdicts } = filter;
  const stated = filter.where?.filter(isOfInput) ?? [];
  const where = stated.length > 0 ? stated : undefined;
  const part = { slices, tags, search, searchMode, length, firing, trained, where, verdicts };
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
}

export function hasPopulationPart(filter: FlipFilter): boolean {
  return Object.keys(populationPart(filter)).some((key) => key !== 'searchMode' && key !== 'verdicts');
}

/** Whether a list by this filter needs kinds of change. */
export function asksForKinds({ changes, where = [] }: FlipFilter): boolean {
  return changes !== undefined || where.some((text) => parseStatement(text)?.is === 'change');
}

/** A further statement that has to hold, or one fewer. */
export function withStatement(filter: FlipFilter, statement: string): FlipFilter {
  const { where = [], ...rest } = filter;
  const next = where.includes(statement) ? where.filter((other) => other !== statement) : [...where, statement];
  return next.length === 0 ? rest : { ...rest, where: next };
}

export function withCorrected(filter: FlipFilter, corrected: boolean | undefined): FlipFilter {
  const rest = { ...filter };
  delete rest.corrected;
  return corrected === undefined ? rest : { ...rest, corrected };
}

/** Samples that a run of either side was trained on, all others, or both. */
export function withTrained(filter: FlipFilter, trained: FlipFilter['trained']): FlipFilter {
  const rest = { ...filter };
  delete rest.trained;
  return trained === undefined ? rest : { ...rest, trained };
}

/** Which verdicts the numbers follow from: as corrected by hand, or as evaluated. */
export function withVerdicts(filter: FlipFilter, asEvaluated: boolean): FlipFilter {
  const rest = { ...filter };
  delete rest.verdicts;
  return asEvaluated ? { ...rest, verdicts: 'as-evaluated' } : rest;
}

/** In blind mode: without everything that tells what became of a sample, or which side is new. */
export function blindPart(filter: FlipFilter): FlipFilter {
  const { slices, tags, labels, reviewed, search, searchMode, verdicts } = filter;
  const stated = filter.where?.filter(isOfInput) ?? [];
  const where = stated.length > 0 ? stated : undefined;
  const part = { slices, tags, labels, reviewed, search, searchMode, where, verdicts };
  return Object.fromEntries(Object.entries(part).filter(([, value]) => value !== undefined));
}

export interface FilterPart {
  text: string;
  /** The filter without this part. */
  without: FlipFilter;
}

/** Every part of a filter in words, each with the filter that is left when it is taken away. */
export function partsOf(filter: FlipFilter, labelNames: string[]): FilterPart[] {
  const parts: FilterPart[] = [];
  for (const facet of ['kinds', 'changes', 'slices', 'tags', 'labels', 'stability'] as const) {
    for (const value of selectedIn(filter, facet)) {
      parts.push({ text: nameOf(facet, value, labelNames), without: toggled(filter, facet, value) });
    }
  }
  for (const facet of ['delta', 'length', 'firing'] as const) {
    const range = filter[facet];
    if (range)
      parts.push({ text: `${rangeNames[facet]} ${rangeWords(range)}`, without: withRange(filter, facet, null) });
  }
  for (const statement of filter.where ?? []) {
    parts.push({ text: statementLabel(statement), without: withStatement(filter, statement) });
  }
  if (filter.search) parts.push({ text: `“${filter.search}”`, without: withSearch(filter, '') });
  if (filter.reviewed !== undefined) {
    parts.push({ text: filter.reviewed ? 'reviewed' : 'not reviewed', without: withReviewed(filter, undefined) });
  }
  if (filter.corrected !== undefined) {
    parts.push({
      text: filter.corrected ? 'verdict corrected' : 'verdict not corrected',
      without: withCorrected(filter, undefined),
    });
  }
  if (filter.trained !== undefined) {
    const text = filter.trained === 'only' ? 'trained on' : 'not trained on';
    parts.push({ text, without: withTrained(filter, undefined) });
  }
  if (filter.verdicts === 'as-evaluated')
    parts.push({ text: 'verdicts as evaluated', without: withVerdicts(filter, false) });
  return parts;
}

const rangeNames: Record<RangeFacet, string> = { delta: 'Δ score', length: 'length', firing: 'guard fired' };

function rangeWords([low, high]: Range): string {
  if (low === null) return `≤ ${formatNumber(high)}`;
  return high === null ? `≥ ${formatNumber(low)}` : `${formatNumber(low)} … ${formatNumber(high)}`;
}

function nameOf(facet: ListFacet, value: string, labelNames: string[]): string {
  if (facet === 'kinds') return kindNames[value as keyof typeof kindNames];
  if (facet === 'changes') return kindLabel(value);
  if (facet === 'labels') return labelNames[Number(value) - 1] ?? `label ${value}`;
  return facet === 'tags' ? `#${value}` : value;
}
