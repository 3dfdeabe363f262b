import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';
import { formatCount, formatNumber } from '../../../shared/presentation/numbers.ts';

export async function evaluateCommand(
  { terminal, workbench, task }: CommandContext,
  target: string,
  options: { suite: string; name?: string; seed?: number; klFrom?: string },
): Promise<void> {
  const { evaluations, imports } = await workbench();
  const evaluation = await evaluations.evaluate(
    target,
    options.suite,
    {
      name: options.name,
      seed: options.seed,
      klFrom: options.klFrom,
      say: (sentence) => terminal.note(plain(sentence)),
    },
    task,
  );
  terminal.settle();
  terminal.document(evaluation);
  const { samples, right, wrong, meanScore, summary } = evaluation;
  const drift =
    summary['kl/pre'] === undefined ? '' : `, KL from the old model ${formatNumber(summary['kl/pre'])} nats`;
  const mean = meanScore === null ? '' : `, mean score ${formatNumber(meanScore)}`;
  terminal.print(
    `Evaluation “${evaluation.name}”: ${formatCount(samples)} samples, ${right} right, ${wrong} wrong${mean}${drift}.`,
  );
  const record = (await imports.list()).find(({ id }) => id === evaluation.importId);
  for (const { reason } of record?.problems ?? []) terminal.note(plain(reason));
}
