import type { FlipMeterPoint } from '../../shared/contract/views.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { defaultRule } from '../../shared/domain/flips.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import { ratesOf } from '../../shared/presentation/rates.ts';
import type { ShownRate } from '../../shared/presentation/rates.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import { outputFloorOf } from '../comparing/output-floors.ts';
import type { Core } from '../core.ts';
import { partOf } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/** The flip meter: every evaluation of a run against the same suite before training, under the rule its kind of suite is judged by. */
export async function flipMeter(
  core: Core,
  comparisons: Comparisons,
  runId: string,
  task: Task,
): Promise<FlipMeterPoint[]> {
  const evaluations = await core.store.listEvaluations({ runId });
  const points: FlipMeterPoint[] = [];
  const pairs = againstStart(evaluations);
  for (const [i, [base, later]] of pairs.entries()) {
    const part = partOf(task, i / pairs.length, (i + 1) / pairs.length);
    part.progress(`evaluation ${i + 1} of ${pairs.length}`, 0);
    const point = await meterPoint(core, comparisons, base, later, part);
    if (point !== null) points.push(point);
  }
  return points;
}

/**
 * Pairs of an evaluation with that of step 0 on the same suite, in order of steps; where nothing was evaluated before training (a run
 * that was trained elsewhere from a model that is not here), with that of its first evaluated step.
 */
export function againstStart(evaluations: readonly EvaluationRecord[]): [EvaluationRecord, EvaluationRecord][] {
  const suites = [...new Set(evaluations.map((evaluation) => evaluation.suiteName))];
  return suites.flatMap((suiteName) => {
    const list = evaluations.filter((evaluation) => evaluation.suiteName === suiteName);
    const inOrder = list.filter(({ step }) => step !== null).sort((a, b) => (a.step ?? 0) - (b.step ?? 0));
    const [base] = inOrder;
    if (base === undefined) return [];
    return inOrder
      .slice(1)
      .filter(({ step }) => step !== base.step)
      .map((evaluation): [EvaluationRecord, EvaluationRecord] => [base, evaluation]);
  });
}

const fell: Rule = { kind: 'margin', tau: 0, direction: 'higher' };

/**
 * Pairs are judged by their implicit reward, which is 0 for every pair before training: no verdict there could flip, so a pair
 * counts as lost when its margin fell. So are answers that have a reward and no verdict: old output against new output, prompt by
 * prompt, which is FlipGuard's own notion of a flip. Everything else is judged by its verdict; so are pairs that were right or
 * wrong before, as those of another trainer, which compares log-probs.
 */
export function usualRule(base: EvaluationRecord, later: EvaluationRecord): Rule {
  const isUndecided = later.suiteKind === 'pairs' && base.right + base.wrong <= base.tie;
  return isUndecided || hasScoresAlone(later) ? fell : defaultRule;
}

/** Samples with scores and no verdict: rewards of a lexicon or a reward model without a threshold. */
export function hasScoresAlone({ right, wrong, tie, meanScore }: EvaluationRecord): boolean {
  return right + wrong + tie === 0 && meanScore !== null;
}

/** What two evaluations are compared by when nobody says: verdicts, or falls of the score where neither side has any verdict. */
export function ruleOfPair(old: EvaluationRecord, now: EvaluationRecord): Rule {
  return hasScoresAlone(old) && hasScoresAlone(now) ? fell : defaultRule;
}

async function meterPoint(
  core: Core,
  comparisons: Comparisons,
  base: EvaluationRecord,
  later: EvaluationRecord,
  task: Task,
): Promise<FlipMeterPoint | null> {
  if (later.right + later.wrong === 0 && !hasScoresAlone(later)) return null;
  const rule = usualRule(base, later);
  const comparison = await comparisons.ready(base.id, later.id, rule, task);
  const { n, negative, positive, nfr, pfr } = ratesOf(comparison.counts);
  return {
    suiteName: later.suiteName,
    step: later.step ?? 0,
    evaluationId: later.id,
    baseEvaluationId: base.id,
    rule,
    n,
    negative,
    positive,
    nfr: known(nfr),
    pfr: known(pfr),
    floor: later.suiteKind === 'outputs' ? await outputFloorOf(core, comparison) : null,
  };
}

function known(rate: ShownRate): FlipMeterPoint['nfr'] {
  return { ...rate, value: rate.value ?? 0 };
}
