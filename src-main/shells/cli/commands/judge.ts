import { readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { pairJudgeSchema } from '../../../shared/domain/judging/pairwise.ts';
import type { PairJudge } from '../../../shared/domain/judging/pairwise.ts';
import { cardFacts } from '../../../shared/presentation/judge-card.ts';
import { formatCount, formatNumber, formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { wilson } from '../../../shared/domain/statistics/intervals.ts';
import { costOf } from '../../../workbench/comparing/ask-judge.ts';
import { judgePairs, planOfPairs } from '../../../workbench/comparing/judge-pairs.ts';
import type { PairPlan } from '../../../workbench/comparing/judge-pairs.ts';
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
  const judge = await judgeOf(flags);
  const workbench = await context.workbench();
  const { id: comparisonId } = await openComparison(context, workbench, left, right, flags);
  const plan = await planOfPairs(workbench.core, comparisonId, judge);
  terminal.settle();
  terminal.note(plain(sentSentence(plan, judge)));
  const { evaluation, card } = await judgePairs(workbench.core, { comparisonId, plan, judge, name: flags.name }, task);
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

async function judgeOf({
  judge,
  judgeModel,
  rubric,
  samples,
  again,
  seed,
  price,
}: JudgePairsFlags): Promise<PairJudge> {
  const parsed = pairJudgeSchema.safeParse({
    endpoint: judge,
    model: judgeModel,
    rubric: rubric.startsWith('@') ? await readRubric(rubric.slice(1)) : rubric,
    samples,
    again,
    seed,
    inputPrice: price?.[0],
    outputPrice: price?.[1],
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WorkbenchError('bad-input', `The judge cannot be asked: ${issue?.path.join('.')}: ${issue?.message}.`, {
    remedy: 'Give an address up to and including /v1, the name of the model and a rubric of up to 10,000 characters.',
  });
}

async function readRubric(file: string): Promise<string> {
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

/** What leaves this machine, said before it does. */
function sentSentence({ pairs, of, requests, characters, origin }: PairPlan, judge: PairJudge): string {
  const cost = costOf(judge, characters / charactersPerToken, requests * tokensOfAnswer);
  const share =
    pairs.length === of ? `all ${plural(of, 'sample')}` : `${formatCount(pairs.length)} of ${plural(of, 'sample')}`;
  return `Prompts, targets and both answers of ${share} go to ${origin}: ${plural(requests, 'request')} with about ${formatCount(Math.round(characters / charactersPerToken))} tokens${cost === null ? '' : `, about ${formatNumber(cost, 3)} at the prices given`}.`;
}

const charactersPerToken = 4;
const tokensOfAnswer = 6;
