import type { ComparisonRecord, FlipFilter } from '../../../shared/domain/flip-view.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { judgeWishSchema } from '../../../shared/domain/kinds/judged-statements.ts';
import type { JudgedStatements, JudgeWish } from '../../../shared/domain/kinds/judged-statements.ts';
import { judgedNote, judgedSentence, judgedWhere, planSentence } from '../../../shared/presentation/judged.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { FlipFlags } from '../options/comparisons.ts';
import { plain, shellWord } from '../terminal.ts';

export type JudgeFlags = Pick<FlipFlags, 'judge' | 'judgeModel' | 'judgeSamples' | 'judgeSeed' | 'judgePrice'>;

/** What a judge says of a filter: asked now where one is named, else what was kept of it. What will be sent is said before. */
export async function judgedOf(
  { terminal, task }: CommandContext,
  workbench: Workbench,
  { id }: ComparisonRecord,
  filter: FlipFilter,
  flags: JudgeFlags,
): Promise<JudgedStatements | null> {
  const wish = wishOf(flags);
  if (wish === null) return workbench.comparisons.judged(id, filter);
  terminal.note(planSentence(await workbench.comparisons.judgePlan(id, filter, wish)));
  return workbench.comparisons.judge(id, filter, wish, task);
}

/** Refuses flags of a judge where none is to be asked. */
export function requireJudgeFlags({ groups, ...flags }: FlipFlags): void {
  const given = (['judge', 'judgeModel', 'judgeSamples', 'judgeSeed', 'judgePrice'] as const).find(
    (name) => flags[name] !== undefined,
  );
  if (given === undefined) return;
  const missing = groups !== true ? '--groups' : flags.judge === undefined ? '--judge' : null;
  if (missing === null) return;
  const option = `--${given.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new WorkbenchError('bad-input', `${option} needs ${missing}.`, {
    remedy: 'A judge is asked with --groups --judge URL --judge-model NAME.',
  });
}

function wishOf({ judge, judgeModel, judgeSamples, judgeSeed, judgePrice }: JudgeFlags): JudgeWish | null {
  if (judge === undefined) return null;
  if (judgeModel === undefined) {
    throw new WorkbenchError('bad-input', '--judge needs --judge-model.', {
      remedy: 'Add --judge-model NAME, what the endpoint calls the model.',
    });
  }
  const parsed = judgeWishSchema.safeParse({
    endpoint: judge,
    model: judgeModel,
    samples: judgeSamples,
    seed: judgeSeed,
    inputPrice: judgePrice?.[0],
    outputPrice: judgePrice?.[1],
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new WorkbenchError('bad-input', `The judge cannot be asked: ${issue?.path.join('.')}: ${issue?.message}.`, {
    remedy: '--judge-samples takes 5 to 500; the address and the name of the model are needed.',
  });
}

/** What a judge said, in sentences. */
export function judgedLines(said: JudgedStatements): string[] {
  return [
    '',
    plain(judgedNote(said)),
    ...(said.best.length === 0 ? ['None holds more often in the list than among the others.'] : []),
    ...said.best.map((one) => `- ${plain(judgedSentence(one, said))} --where ${shellWord(judgedWhere(one))}`),
  ];
}

export function judgedDocument(said: JudgedStatements): object {
  const told = (list: JudgedStatements['best']): object[] =>
    list.map((one) => ({ sentence: judgedSentence(one, said), ...one }));
  return { ...said, best: told(said.best), others: told(said.others) };
}
