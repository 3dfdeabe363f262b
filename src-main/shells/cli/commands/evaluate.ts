import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { SeenJob } from '../../../shared/domain/sites.ts';
import { formatCount, formatNumber } from '../../../shared/presentation/numbers.ts';
import type { CommandContext } from '../context.ts';
import { plain } from '../terminal.ts';

export interface EvaluateFlags {
  suite: string;
  name?: string;
  seed?: number;
  klFrom?: string;
  site?: string;
  detach?: boolean;
}

export async function evaluateCommand(context: CommandContext, target: string, flags: EvaluateFlags): Promise<void> {
  const { terminal, workbench, task } = context;
  const { suite, name, seed, klFrom, site } = flags;
  if (flags.detach === true) return handOver(context, target, flags);
  const { evaluations, imports } = await workbench();
  const say = (sentence: string) => terminal.note(plain(sentence));
  const onJob = tellsJob(say);
  const evaluation = await evaluations.evaluate(target, suite, { name, seed, klFrom, site, say, onJob }, task);
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

async function handOver(
  { terminal, workbench, task }: CommandContext,
  target: string,
  { suite, name, seed, klFrom, site }: EvaluateFlags,
): Promise<void> {
  if (site === undefined) {
    throw new WorkbenchError('bad-input', '--detach goes with --site NAME.', {
      remedy: 'Name a site; flipguard site list has them.',
    });
  }
  const { evaluations } = await workbench();
  const say = (sentence: string) => terminal.note(plain(sentence));
  const job = await evaluations.hand(target, suite, { name, seed, klFrom, site, say }, task);
  terminal.settle();
  terminal.document(job);
  terminal.print(plain(`Job ${job.jobId} at ${job.site} evaluates it; flipguard site jobs says what it does.`));
}

/** What a job at a site does, each time that it does something else. */
export function tellsJob(say: (sentence: string) => void): (job: SeenJob) => void {
  let told = '';
  return ({ jobId, trouble, says }) => {
    const sentence = trouble ?? says;
    if (jobId === '' || sentence === told) return;
    told = sentence;
    say(`Job ${jobId}: ${sentence}`);
  };
}
