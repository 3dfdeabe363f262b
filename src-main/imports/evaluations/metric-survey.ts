/** What all samples of a source say of one metric. */
export interface MetricTally {
  /** Samples with a finite value. */
  given: number;
  /** Each given value is 0 or 1. */
  isBinary: boolean;
  /** A truth value on some sample. */
  isTruth: boolean;
  least: number;
  most: number;
}

/** Metrics by name, over every sample of a source: what can be a verdict is decided by all of them, never by the first. */
export class MetricSurvey {
  readonly tallies = new Map<string, MetricTally>();

  add(metrics: Readonly<Record<string, number>>, isTruth: (name: string) => boolean = () => false): void {
    for (const name of Object.keys(metrics)) {
      const value = metrics[name];
      if (value === undefined) continue;
      let tally = this.tallies.get(name);
      if (tally === undefined) {
        this.tallies.set(name, (tally = { given: 0, isBinary: true, isTruth: false, least: value, most: value }));
      }
      tally.given += 1;
      tally.isBinary &&= value === 0 || value === 1;
      tally.isTruth ||= isTruth(name);
      tally.least = Math.min(tally.least, value);
      tally.most = Math.max(tally.most, value);
    }
  }
}

export interface MetricChoice {
  /** Null where no metric is a verdict: each has fractions, or none is given. */
  verdictMetric: string | null;
  /** The metric that is the score where there is no other. */
  scoreMetric: string | null;
  /** The metric that was asked for, where the source has it. */
  asked: string | null;
  /** Metrics that could be taken, where there are several. */
  variants: string[];
}

export interface ChoiceRules {
  /** Metrics that say right or wrong of one sample, most trusted first. */
  preferred: readonly string[];
  /** Whether a larger value is better; undefined where the source does not say. */
  higherIsBetter?: (name: string) => unknown;
  /** Metrics whose zeros and ones are no verdicts: shares, counts, marks of something else. */
  isNoVerdict?: (name: string) => boolean;
  /** What is counted next to the answer (tokens, times, requests) and measures nothing of it. */
  isBookkeeping?: (name: string) => boolean;
  /** People name these as they like: a lone one of zeros and ones is the verdict, and each can be asked for. */
  areFreelyNamed?: boolean;
  wanted?: string | undefined;
}

/** Which metric is the verdict and which the score: by name over what the whole source has, so that two files of one task are read alike. */
export function chooseMetric(
  tallies: ReadonlyMap<string, MetricTally>,
  {
    preferred,
    higherIsBetter = () => undefined,
    isNoVerdict = () => false,
    isBookkeeping,
    areFreelyNamed = false,
    wanted,
  }: ChoiceRules,
): MetricChoice {
  const names = [...tallies.keys()].filter((name) => isBookkeeping?.(name) !== true);
  const candidates = names.filter((name) => {
    const tally = tallies.get(name);
    if (tally === undefined || tally.given === 0 || !tally.isBinary) return false;
    return !isNoVerdict(name) && higherIsBetter(name) !== false;
  });
  const asked = wanted === undefined || !names.includes(wanted) ? null : wanted;
  const lone = areFreelyNamed && names.length === 1 ? (candidates[0] ?? null) : null;
  const best = bestVerdict(candidates, tallies, preferred) ?? lone;
  const verdictMetric = asked === null ? best : candidates.includes(asked) ? asked : null;
  const others = names.filter((name) => name !== verdictMetric && !/_stderr$/.test(name));
  const scoreMetric =
    asked ?? others.find((name) => higherIsBetter(name) === true) ?? verdictMetric ?? others[0] ?? null;
  const anyOfThem = areFreelyNamed || candidates.length > 1 || (candidates.length === 0 && names.length > 1);
  const choosable = anyOfThem ? names : candidates;
  return { verdictMetric, scoreMetric, asked, variants: choosable.length > 1 ? choosable : [] };
}

function bestVerdict(
  candidates: readonly string[],
  tallies: ReadonlyMap<string, MetricTally>,
  preferred: readonly string[],
): string | null {
  return (
    preferred.find((name) => candidates.includes(name)) ??
    candidates.find((name) => tallies.get(name)?.isTruth === true) ??
    candidates.find((name) => /acc|match|correct|pass/i.test(name)) ??
    null
  );
}
