import path from 'node:path';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { StudyOutcome, StudyPlan } from '../../../workbench/studies/studies.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import { handOver, requireFolder } from '../own-files.ts';
import type { StudyFlags } from '../options/runs.ts';
import { plain, table } from '../terminal.ts';
import { formatCount } from '../../../shared/presentation/numbers.ts';
import { readSpec } from './train.ts';
import { tellWarnings } from './warnings.ts';

/** Trains and measures what a study file says, and continues where an earlier try ended. */
export async function studyCommand(context: CommandContext, file: string, options: StudyFlags): Promise<ExitStatus> {
  const { terminal, task } = context;
  if (options.atOnce !== undefined && options.site === undefined) {
    throw new WorkbenchError('bad-input', '--at-once goes with --site NAME.', {
      remedy: 'Name a site; flipguard site list has them. On this machine runs follow one another.',
    });
  }
  const yaml = await readSpec(file);
  const { studies, reports } = await context.workbench();
  if (options.out !== undefined && options.dryRun !== true) await requireFolder(path.resolve(options.out));
  const plan = await studies.plan(yaml, file);
  tellWarnings(context, plan.warnings, file);
  if (options.dryRun === true) {
    terminal.document(plan);
    terminal.print(describePlan(plan));
    return exitStatus.ok;
  }
  const outcome = await studies.run(yaml, file, { site: options.site, atOnce: options.atOnce }, task);
  const report = await reports.fileOf(outcome.reportId);
  const beside = options.out === undefined ? [] : await writeBeside(context, outcome, options.out);
  terminal.settle();
  terminal.document({ ...outcome, report, files: beside });
  terminal.print(describeOutcome(outcome));
  terminal.print(`Report: ${report}${beside.map((one) => `\n        ${one}`).join('')}`);
  return outcome.failed.length === 0 ? exitStatus.ok : exitStatus.failure;
}

/** The report to read, and the small tables that it was made of. */
async function writeBeside(context: CommandContext, { study }: StudyOutcome, folder: string): Promise<string[]> {
  const { reports } = await context.workbench();
  const written: string[] = [];
  for (const format of ['html', 'md', 'csv'] as const) {
    const subject = { kind: 'study', studyId: study.id } as const;
    const name = format === 'csv' ? 'points.csv' : `report.${format}`;
    const report = await reports.write({ subject, format }, path.resolve(folder, name), context.task);
    await handOver(report.path);
    written.push(report.path);
  }
  return written;
}

function describePlan({ name, phases, frozen }: StudyPlan): string {
  const state =
    frozen === null
      ? 'its settings are not frozen yet'
      : `its settings were frozen at ${frozen.at} (${frozen.hash.slice(0, 12)})`;
  return [
    plain(`Study “${name}”: ${state}.`),
    table(
      ['Phase', 'Trainings', 'There already', 'Evaluations'],
      phases.map(({ phase, trainings, trained, evaluations }) => [
        phase,
        formatCount(trainings),
        formatCount(trained),
        formatCount(evaluations),
      ]),
    ),
  ].join('\n');
}

function describeOutcome({ study, frozen, failed }: StudyOutcome): string {
  const chosen = frozen.candidates.filter((one) => one.chosen);
  return [
    plain(`Study “${study.name}”: settings frozen at ${frozen.at}, ${frozen.hash}.`),
    ...chosen.map(({ method, candidate }) => plain(`  ${method}: candidate ${candidate + 1} was chosen on validation`)),
    ...failed.map(({ name, status, error }) =>
      plain(
        `  “${name}” ${status}${error === null ? '' : `: ${error.message}`}; the study continues with it when it is run again`,
      ),
    ),
  ].join('\n');
}
