import { readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { pairJudgeSchema } from '../../../shared/domain/judging/pairwise.ts';
import type { PairJudge } from '../../../shared/domain/judging/pairwise.ts';
import { cardFacts, pairPlanSentence } from '../../../shared/presentation/judge-card.ts';
import { formatCount, formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { wilson } from '../../../shared/domain/statistics/intervals.ts';
import { drawPairs } from '../../../workbench/comparing/draw-pairs.ts';
import { judgePairs, lastRubric } from '../../../workbench/comparing/judge-pairs.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import { existing, findByName } from '../../../workbench/workspace/names.ts';
import type { CommandContext } from '../context.ts';
import type { JudgePairsFlags } from '../options/comparisons.ts';
import { plain } from '../terminal.ts';
import { openComparison } from './compare.ts';

/** `flipguard judge OLD NEW` */
export async function judgeCommand(
  context: CommandContext,
  left: string,
  right: string,
  flags: JudgePairsFlags,
): Promise<void> {
  const { terminal, task } = context;
  const given = flags.rubric === undefined ? null : await readRubric(flags.rubric);
  const workbench = await context.workbench();
  const { id: comparisonId, leftEvaluationId } = await openComparison(context, workbench, left, right, flags);
  const judge = await judgeOf(workbench, flags, given ?? (await rubricOf(workbench, leftEvaluationId)));
  const drawn = await drawPairs(workbench, comparisonId, judge, task);
  terminal.settle();
  terminal.note(plain(pairPlanSentence(drawn.plan)));
  if (flags.dryRun === true) return terminal.document(drawn.plan);
  const { evaluation, card } = await judgePairs(workbench, { drawn, judge, name: flags.name }, task);
  terminal.settle();
  terminal.document({ evaluationId: evaluation.id, name: evaluation.name, ...countsOf(evaluation), card });
  const { right: wins, wrong: losses, tie: ties } = evaluation;
  const { value, low, high } = wilson(wins, wins + losses);
  terminal.print(
    plain(
      `“${evaluation.name}”: the new answer is better in ${formatCount(wins)}, the old one in ${formatCount(losses)}, ${plural(ties, 'tie')}${evaluation.missing === 0 ? '' : `, ${formatCount(evaluation.missing)} without a verdict`}.` +
        (wins + losses === 0
          ? ''
          : ` Of those decided, the new one wins ${formatPercent(value ?? 0)} (95 % interval ${formatPercentRange({ low, high })}).`),
    ),
  );
  for (const [name, told] of cardFacts(card)) terminal.print(plain(`${`${name}:`.padEnd(22)}${told}`));
}

function countsOf({ right, wrong, tie, missing }: { right: number; wrong: number; tie: number; missing: number }) {
  return { newBetter: right, oldBetter: wrong, ties: tie, missing };
}

async function judgeOf(workbench: Workbench, flags: JudgePairsFlags, rubric: string): Promise<PairJudge> {
  const { judge, judgeModel, samples, again, seed, price, keyEnv, repeat, fresh } = flags;
  const repeatId =
    repeat === undefined ? null : findByName('evaluation', await workbench.evaluations.list(), repeat).id;
  const parsed = pairJudgeSchema.safeParse({
    endpoint: judge,
    model: judgeModel,
    rubric,
    samples,
    again,
    seed,
    inputPrice: price?.[0],
    outputPrice: price?.[1],
    keyVariable: keyEnv,
    repeatId,
    fresh,
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WorkbenchError('bad-input', `The judge cannot be asked: ${issue?.path.join('.')}: ${issue?.message}.`, {
    remedy: 'Give an address up to and including /v1, the name of the model and a rubric of up to 10,000 characters.',
  });
}

/** The rubric by which answers of the same suite were judged last. */
async function rubricOf(workbench: Workbench, evaluationId: string): Promise<string> {
  const { suiteName } = existing('evaluation', await workbench.core.store.getEvaluation(evaluationId), evaluationId);
  const rubric = await lastRubric(workbench, suiteName);
  if (rubric !== null) return rubric;
  throw new WorkbenchError('bad-input', `No answers of “${suiteName}” were judged before, so there is no rubric.`, {
    remedy:
      'Add --rubric TEXT, or --rubric @FILE: what makes an answer better. The next judging of this suite takes it again.',
  });
}

async function readRubric(given: string): Promise<string> {
  if (!given.startsWith('@')) return given;
  const file = given.slice(1);
  return (
    await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new WorkbenchError('not-found', `The rubric ${file} cannot be read.`, {
        remedy: 'Give --rubric @FILE with a text file, or the rubric itself.',
        place: { file },
        cause,
      });
    })
  ).trim();
}
