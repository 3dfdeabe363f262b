import type { CommandContext } from '../context.ts';

export async function evaluateCommand(
  { terminal, workbench, task }: CommandContext,
  target: string,
  options: { suite: string; name?: string; seed?: number },
): Promise<void> {
  const { evaluations } = await workbench();
  const evaluation = await evaluations.evaluate(
    target,
    options.suite,
    { name: options.name, seed: options.seed },
    task,
  );
  terminal.settle();
  terminal.document(evaluation);
  const { samples, right, wrong, meanScore } = evaluation;
  const mean = meanScore === null ? '' : `, mean score ${meanScore.toPrecision(6)}`;
  terminal.print(
    `Evaluation “${evaluation.name}”: ${samples.toLocaleString('en')} samples, ${right} right, ${wrong} wrong${mean}.`,
  );
}
