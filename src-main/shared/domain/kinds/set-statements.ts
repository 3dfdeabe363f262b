import type { FlipFilter } from '../flip-filter.ts';
import type { FlipKind } from '../flips.ts';
import { ratioOfShares } from '../statistics/change-summary.ts';
import type { Lift } from '../statistics/change-summary.ts';
import { excessP } from '../statistics/excess.ts';
import { holm } from '../statistics/multiple-tests.ts';
import type { Candidate, SearchSample } from '../statistics/slice-features.ts';
import { CandidateCounter } from '../statistics/slice-features.ts';
import { groupCandidates } from '../statistics/slice-groups.ts';
import { textCandidates } from '../statistics/slice-texts.ts';
import type { ChangeKind } from './change-kinds.ts';
import { kindsOfVerdict } from './change-kinds.ts';
import { inputTest, parseStatement, statementCharacters, statementText } from './statements.ts';

/** A sample as statements are looked for. */
export interface StatedSample {
  /** Whether it is one of the set, and not of the rest. */
  readonly inSet: boolean;
  readonly outcome: FlipKind;
  readonly changes: readonly string[];
  readonly prompt: string;
  readonly target: string | null;
  readonly tags: readonly string[];
  readonly slices: readonly string[];
}

/** In how many samples of the set a statement holds, and of the rest that it could hold in. */
export interface StatementCounts {
  readonly hits: number;
  readonly of: number;
  readonly restHits: number;
  readonly restOf: number;
}

/** What samples of a set have in common. */
export interface SetStatement extends StatementCounts {
  /** As a filter's `where` has it. */
  readonly statement: string;
  /** Its share in the set over its share in the rest. */
  readonly lift: Lift;
  /** One-sided Fisher test for more in the set than in the rest, Holm-adjusted over what was tried: words of prompts, and all else. */
  readonly pHolm: number;
}

export interface SetStatements {
  /** Samples of the set, and all others of the comparison. */
  readonly samples: number;
  readonly rest: number;
  readonly tried: number;
  /** The three that tell most, each of other samples than those before it. */
  readonly best: readonly SetStatement[];
}

const shown = 3;
const families = 2;
/**
 * Of words of prompts the adjusted p counts: among thousands, some stand out by chance. Of the few others the plain one does, and what
 * is told says by its adjusted p whether it may be chance.
 */
const largestP = 0.05;
/** Statements that select nearly the same samples of the set are one. */
const sameShare = 0.75;
const comparedBest = 60;
/** A filter takes no longer ones. */
const longestStatement = 500;
/** A statement is tried where it holds in so many samples; chosen without a look at which. */
const leastSamples = 5;
const leastShareOfSet = 0.1;

/**
 * Statements that hold in more of the set than of the rest, from kinds of change, slices, tags, lengths and words of the prompt.
 * `filter` made the set: what it says itself is no finding.
 */
export function findStatements(
  samples: readonly StatedSample[],
  filter: FlipFilter,
): Pick<SetStatements, 'tried' | 'best'> {
  const set = samples.filter(({ inSet }) => inSet);
  if (set.length === 0 || set.length === samples.length) return { tried: 0, best: [] };
  const least = Math.max(leastSamples, Math.ceil(leastShareOfSet * set.length));
  const sizes = sizesOf(samples);
  const candidates = [...changeCandidates(samples, sizes), ...inputCandidates(samples, least, sizes)]
    .filter(({ statement, n, of, restOf }) => n >= leastSamples && n < of + restOf && !isSaidBy(filter, statement))
    .map((one) => ({ ...one, p: chanceOf(one) }));
  const told = [candidates.filter(isOfWords), candidates.filter((one) => !isOfWords(one))]
    .flatMap(adjustedFamily)
    .filter(({ p, pHolm, hits, of, restHits, restOf, ...one }) => {
      const limit = isOfWords(one) ? pHolm : p;
      return limit < largestP && hits * restOf > restHits * of;
    })
    .sort((x, y) => x.p - y.p || rankOf(x) - rankOf(y) || (x.statement < y.statement ? -1 : 1))
    .slice(0, comparedBest);
  return { tried: candidates.length, best: distinct(told, set).map(({ p: _p, ...one }) => one) };
}

/** `counts` of all samples, where statements were found among some of them; p is adjusted for all that was `tried`, once more. */
export function recounted(one: SetStatement, counts: StatementCounts, tried: number): SetStatement {
  return { ...one, ...counts, lift: liftOf(counts), pHolm: Math.min(1, chanceOf(counts) * families * tried) };
}

/** Kinds that speak of the verdict can occur only where the outcome is one of the set's: the rest is then those alone. */
export function isOfVerdict(statement: string): boolean {
  const parsed = parseStatement(statement);
  return parsed?.is === 'change' && kindsOfVerdict.has(parsed.name.split(':')[0] as ChangeKind);
}

type Counted = StatementCounts & { readonly statement: string; readonly n: number };

/** Of statements that select the same samples, what says most to people: a length says least. */
const ranks: readonly (string | undefined)[] = ['change', 'slice', 'tag', 'prompt', 'target-length', 'prompt-length'];

function rankOf({ statement }: Pick<Counted, 'statement'>): number {
  return ranks.indexOf(parseStatement(statement)?.is);
}

type Tested = Counted & { readonly p: number };

function isOfWords({ statement }: Pick<Counted, 'statement'>): boolean {
  return statement.startsWith('prompt:');
}

/** Thousands of words would bury a dozen kinds: each of the two families has half of the error that is allowed in all. */
function adjustedFamily(family: readonly Tested[]): (SetStatement & { p: number })[] {
  const adjusted = holm(family.map(({ p }) => p));
  return family.map(({ n: _n, ...one }, i) => ({
    ...one,
    pHolm: Math.min(1, families * (adjusted[i] ?? 1)),
    lift: liftOf(one),
  }));
}

function changeCandidates(samples: readonly StatedSample[], sizes: SetSizes): Counted[] {
  const counter = new CandidateCounter<string>();
  samples.forEach(({ changes, inSet, outcome }, index) => {
    for (const name of changes) {
      const statement = statementText({ is: 'change', name });
      if (sizes.outcomes.has(outcome) || !isOfVerdict(statement)) counter.add(statement, index, asKind(inSet));
    }
  });
  return counter
    .candidates(1, (statement) => ({ name: statement, family: 'label', statement }))
    .map((candidate) => countsOf(candidate, sizes));
}

function inputCandidates(samples: readonly StatedSample[], least: number, sizes: SetSizes): Counted[] {
  const searched = samples.map(({ inSet, prompt, target, tags, slices }): SearchSample => ({
    kind: asKind(inSet),
    text: prompt.slice(0, statementCharacters),
    tags,
    slices,
    ...(target === null ? {} : { numbers: { 'wanted length': target.length } }),
  }));
  return [...groupCandidates(searched, least), ...textCandidates(searched, least)]
    .filter(({ statement = '' }) => statement !== '' && statement.length <= longestStatement)
    .map((candidate) => countsOf(candidate, sizes));
}

/** The search counts negative flips of a group; here these are the samples of the set. */
function asKind(inSet: boolean): FlipKind {
  return inSet ? 'negative' : 'unchanged';
}

interface SetSizes {
  readonly of: number;
  readonly restOf: number;
  /** Of the rest, those whose outcome occurs in the set. */
  readonly restAlike: number;
  readonly outcomes: ReadonlySet<FlipKind>;
}

function sizesOf(samples: readonly StatedSample[]): SetSizes {
  const set = samples.filter(({ inSet }) => inSet);
  const outcomes = new Set(set.map(({ outcome }) => outcome));
  const restAlike = samples.filter(({ inSet, outcome }) => !inSet && outcomes.has(outcome)).length;
  return { of: set.length, restOf: samples.length - set.length, restAlike, outcomes };
}

function countsOf({ n, negativeFlips: hits, statement = '' }: Candidate, sizes: SetSizes): Counted {
  const restOf = isOfVerdict(statement) ? sizes.restAlike : sizes.restOf;
  return { statement, n, hits, of: sizes.of, restHits: n - hits, restOf };
}

function chanceOf({ hits, of, restHits, restOf }: StatementCounts): number {
  return excessP(hits, hits + restHits, of, of + restOf);
}

function liftOf({ hits, of, restHits, restOf }: StatementCounts): Lift {
  return ratioOfShares(hits, of, restHits, restOf);
}

/** A facet with one choice holds for every sample of the set, because it was asked for. */
function isSaidBy({ changes, slices, tags, where }: FlipFilter, statement: string): boolean {
  const alone = (list: readonly string[] | undefined, is: string): boolean =>
    list?.length === 1 && statement === `${is}:${list[0]}`;
  return (
    where?.includes(statement) === true || alone(changes, 'change') || alone(slices, 'slice') || alone(tags, 'tag')
  );
}

function distinct<T extends { statement: string }>(told: readonly T[], set: readonly StatedSample[]): T[] {
  const chosen: { one: T; members: ReadonlySet<number> }[] = [];
  for (const one of told) {
    const holds = sampleTest(one.statement);
    const members = new Set(set.flatMap((sample, i) => (holds(sample) ? [i] : [])));
    if (chosen.some((other) => overlap(other.members, members) > sameShare)) continue;
    chosen.push({ one, members });
    if (chosen.length === shown) break;
  }
  return chosen.map(({ one }) => one);
}

function overlap(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  const both = [...a].filter((one) => b.has(one)).length;
  return both / Math.max(1, a.size + b.size - both);
}

function sampleTest(text: string): (sample: StatedSample) => boolean {
  const statement = parseStatement(text);
  if (statement === null) return () => false;
  switch (statement.is) {
    case 'change':
      return ({ changes }) => changes.includes(statement.name);
    case 'slice':
      return ({ slices }) => slices.includes(statement.name);
    case 'tag':
      return ({ tags }) => tags.includes(statement.name);
    case 'judged':
      // None is looked for: a judge was asked for those.
      return () => false;
    default:
      return inputTest(statement);
  }
}
