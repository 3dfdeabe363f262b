import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { rowScoreNames } from '../../../shared/domain/data/row-scores.ts';
import type { EvaluateFlags } from '../commands/evaluate.ts';
import type { EstimateFlags } from '../commands/estimate.ts';
import type { SuspectsFlags } from '../commands/suspects.ts';
import type { WatchFlags } from '../commands/foreign-runs.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { collect, realNumber, wholeNumber } from './values.ts';

const commands = {
  relaunch: lazily(async () => (await import('../commands/train.ts')).relaunchCommand),
  resume: lazily(async () => (await import('../commands/train.ts')).resumeCommand),
  stop: lazily(async () => (await import('../commands/train.ts')).stopCommand),
  train: lazily(async () => (await import('../commands/train.ts')).trainCommand),
  evaluate: lazily(async () => (await import('../commands/evaluate.ts')).evaluateCommand),
  estimate: lazily(async () => (await import('../commands/estimate.ts')).estimateCommand),
  watch: lazily(async () => (await import('../commands/foreign-runs.ts')).watchCommand),
  suspects: lazily(async () => (await import('../commands/suspects.ts')).suspectsCommand),
  sweep: lazily(async () => (await import('../commands/sweep.ts')).sweepCommand),
  study: lazily(async () => (await import('../commands/study.ts')).studyCommand),
  merge: lazily(async () => (await import('../commands/merge.ts')).mergeCommand),
  interpolate: lazily(async () => (await import('../commands/interpolate.ts')).interpolateCommand),
};

export interface TrainFlags {
  set?: string[];
  alert?: string[];
  webhook?: string;
  site?: string;
  detach?: boolean;
  dryRun?: boolean;
}
export interface SweepFlags extends TrainFlags {
  vary: string[];
  atOnce?: number;
}

export interface StudyFlags {
  site?: string;
  atOnce?: number;
  dryRun?: boolean;
  out?: string;
}

export function addRuns(program: Program, go: Go): void {
  program
    .command('train <spec>')
    .description('train in the foreground; Ctrl-C stops after the step, with a checkpoint')
    .option('--set <path=value...>', 'change the spec, e.g. guard.weight=0.5', collect)
    .option(
      '--alert <rule>',
      'raise an alert when this becomes true: nfr>2% (lower bound), or any curve, kl/pre>10; repeatable',
      collect,
    )
    .option('--webhook <url>', 'also send alerts to this URL')
    .option('--site <name>', 'submit the run to this site and follow it')
    .option('--detach', 'with --site: submit and return at once')
    .option('--dry-run', 'check the spec and stop; with --site also print the job script and Slurm’s estimate')
    .action((spec: string, options: TrainFlags) => go(commands.train, spec, options));
  program
    .command('estimate <spec>')
    .description(
      'the highest memory of a run by part, whether it fits, and what would make it fit; of a spec, or of a known size: 135M, 0.5B, 1B, 1.7B, 4B, 8B',
    )
    .option('--set <path=value...>', 'change the spec, e.g. tuning.kind=lora batch.maxLength=2048', collect)
    .option('--memory <gigabytes>', 'what it has to fit into (default: the memory of this machine)', realNumber)
    .action((spec: string, options: EstimateFlags) => go(commands.estimate, spec, options));
  program
    .command('resume <run>')
    .description('continue a run from its newest checkpoint')
    .action((name: string) => go(commands.resume, name));
  program
    .command('relaunch <run>')
    .description('start a new run from a copy of a run’s spec')
    .option('--set <path=value...>', 'change the copied spec, e.g. guard.weight=0.5', collect)
    .option('--alert <rule>', 'raise an alert when this becomes true; repeatable', collect)
    .option('--webhook <url>', 'also send alerts to this URL')
    .option('--site <name>', 'submit the run to this site')
    .option('--detach', 'with --site: submit and return at once')
    .option('--dry-run', 'print the changes (with --site also the job script) and stop')
    .action((name: string, options: TrainFlags) => go(commands.relaunch, name, options));
  program
    .command('stop <run>')
    .description('stop a run after the current step, with a checkpoint')
    .action((name: string) => go(commands.stop, name));
  program
    .command('evaluate <target>')
    .description('evaluate a run, a checkpoint (RUN@STEP) or a model on a suite')
    .requiredOption('--suite <name>', 'suite to run')
    .option('--name <name>', 'name of the evaluation (default: target and suite)')
    .option('--seed <n>', 'seed for sampled answers', wholeNumber)
    .option(
      '--kl-from <old>',
      'also measure the KL divergence from these weights, in nats per answer (generate suites)',
    )
    .option('--site <name>', 'have this site evaluate it, as one job')
    .option('--detach', 'with --site: submit and return; the next command stores the results')
    .action((target: string, options: EvaluateFlags) => go(commands.evaluate, target, options));
  program
    .command('suspects <run>')
    .description('rank the training rows that may have caused a run’s flips; scores are kept with the dataset')
    .option(
      '--sample <id>',
      'look only for the causes of this sample’s flip; repeatable (default: all negative flips)',
      collect,
    )
    .option('--ches', 'also compute CHES under the model that training started from (one pass over the data)')
    .option(
      '--gradients',
      'also estimate by gradients, at the newest checkpoint, how far a step on each row lowers what flipped (small models)',
    )
    .addOption(
      new Option('--by <score>', 'score to sort by (default: near-flips, else displacement)').choices(rowScoreNames),
    )
    .option('--limit <n>', 'number of rows to list (default: 50)', wholeNumber)
    .action((name: string, options: SuspectsFlags) => go(commands.suspects, name, options));
  program
    .command('watch <folder>')
    .description('follow another program’s training by its output folder, and evaluate each checkpoint as it appears')
    .option('--suite <name>', 'suite to evaluate the starting model and each checkpoint on; repeatable', collect)
    .option('--base <model>', 'model that training started from: a name, or a folder of weights')
    .option('--name <name>', 'name of the run (default: the folder’s name)')
    .option('--dataset <name>', 'training dataset, if the workspace has it')
    .option('--every <seconds>', 'how often to look at the folder (default: 5)', realNumber)
    .option(
      '--alert <rule>',
      'raise an alert when this becomes true: nfr>2% (lower bound), or any curve, rewards/margins<0; repeatable',
      collect,
    )
    .option('--webhook <url>', 'also send alerts to this URL, on this machine or https')
    .option(
      '--through <url>',
      'evaluate through a server that has each checkpoint, instead of loading it here; address up to and including /v1',
    )
    .option(
      '--through-model <name>',
      'with --through: what the server calls a checkpoint, with {step} in it (default: NAME@{step})',
    )
    .option('--through-base <name>', 'with --through: what the server calls the model that training started from')
    .option('--key-env <variable>', 'with --through: environment variable that holds the key, which is never stored')
    .option('--site <name>', 'have this site evaluate each checkpoint, a job for each suite')
    .action((folder: string, options: WatchFlags) => go(commands.watch, folder, options));
  program
    .command('sweep <spec>')
    .description('train one run for every combination of values; SPEC is a file or a run to copy')
    .requiredOption('--vary <path=values...>', 'values to try, e.g. guard.weight=0.1,0.5; several make a grid', collect)
    .option('--set <path=value...>', 'change the spec before varying it', collect)
    .option('--site <name>', 'submit all runs to this site as one job array')
    .option('--at-once <n>', 'with --site: largest number of runs at the same time', wholeNumber)
    .option('--detach', 'with --site: submit and return at once')
    .option('--dry-run', 'check every run and stop; with --site also print the job script and Slurm’s estimate')
    .action((spec: string, options: SweepFlags) => go(commands.sweep, spec, options));
  program
    .command('study <file>')
    .description(
      'train and measure methods × seeds × models from a study file, match their curves and report; resumes where it stopped',
    )
    .option('--site <name>', 'train at this site, all runs as one job array')
    .option('--at-once <n>', 'with --site: largest number of runs at the same time', wholeNumber)
    .option('--dry-run', 'check the file, print what would be trained and measured, and stop')
    .option('--out <folder>', 'also write report.html, report.md and points.csv there')
    .action((file: string, options: StudyFlags) => go(commands.study, file, options));
  program
    .command('merge <file>')
    .description(
      'make models of others by a merge file: linear, SLERP or task arithmetic, a fraction for each part, given or searched for',
    )
    .option('--set <path=value...>', 'change the file, e.g. fraction=0.5', collect)
    .action((file: string, options: { set?: string[] }) => go(commands.merge, file, options));
  program
    .command('interpolate <from> <to>')
    .description('make a model between two others; each is a model, a run or a checkpoint (RUN@STEP)')
    .requiredOption('--fraction <x>', '0 is FROM, 1 is TO', realNumber)
    .requiredOption('--name <name>', 'name of the new model')
    .action((from: string, to: string, options: { fraction: number; name: string }) =>
      go(commands.interpolate, from, to, options),
    );
}
