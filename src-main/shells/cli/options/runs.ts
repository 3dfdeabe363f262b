import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { rowScoreNames } from '../../../shared/domain/data/row-scores.ts';
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
  watch: lazily(async () => (await import('../commands/foreign-runs.ts')).watchCommand),
  suspects: lazily(async () => (await import('../commands/suspects.ts')).suspectsCommand),
  sweep: lazily(async () => (await import('../commands/sweep.ts')).sweepCommand),
  study: lazily(async () => (await import('../commands/study.ts')).studyCommand),
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
      'say when it begins to hold: nfr>2% (its lower bound), or a curve, kl/pre>10; repeatable',
      collect,
    )
    .option('--webhook <url>', 'send alerts to this address too')
    .option('--site <name>', 'hand the run to a site, and follow it from here')
    .option('--detach', 'with --site: submit and leave; the run goes on by itself')
    .option('--dry-run', 'with --site: print the job script and Slurm’s estimate, and stop')
    .action((spec: string, options: TrainFlags) => go(commands.train, spec, options));
  program
    .command('resume <run>')
    .description('go on from the newest checkpoint')
    .action((name: string) => go(commands.resume, name));
  program
    .command('relaunch <run>')
    .description('a new run from a copy of the spec')
    .option('--set <path=value...>', 'change the copy', collect)
    .option('--alert <rule>', 'say when it begins to hold; repeatable', collect)
    .option('--webhook <url>', 'send alerts to this address too')
    .option('--site <name>', 'hand the run to a site')
    .option('--detach', 'with --site: submit and leave; the run goes on by itself')
    .option('--dry-run', 'print the difference (with --site also the job script) and stop')
    .action((name: string, options: TrainFlags) => go(commands.relaunch, name, options));
  program
    .command('stop <run>')
    .description('stop after the step at hand')
    .action((name: string) => go(commands.stop, name));
  program
    .command('evaluate <target>')
    .description('run a suite on a run, a checkpoint (RUN@STEP) or a model')
    .requiredOption('--suite <name>', 'the check to run')
    .option('--name <name>', 'name of the evaluation; by default made of target and suite')
    .option('--seed <n>', 'of sampled decoding', wholeNumber)
    .option(
      '--kl-from <old>',
      'also tell how far the weights are from these, in nats per answer (suites of the kind generate)',
    )
    .action((target: string, options: { suite: string; name?: string; seed?: number; klFrom?: string }) =>
      go(commands.evaluate, target, options),
    );
  program
    .command('suspects <run>')
    .description('the training rows that may have caused a run’s flips; their scores stay with the dataset')
    .option(
      '--sample <id>',
      'held against this sample of its evaluations, instead of all negative flips; repeatable',
      collect,
    )
    .option('--ches', 'also measure CHES under the model that training began with: a pass over the data')
    .addOption(
      new Option('--by <score>', 'the order; by default nearest to a flip first, or what fell most').choices(
        rowScoreNames,
      ),
    )
    .option('--limit <n>', 'rows to list (default: 50)', wholeNumber)
    .action((name: string, options: SuspectsFlags) => go(commands.suspects, name, options));
  program
    .command('watch <folder>')
    .description('follow a training of another program by its output folder, and evaluate each checkpoint as it comes')
    .option('--suite <name>', 'evaluate the model it began with and each checkpoint on it; repeatable', collect)
    .option('--base <model>', 'the model that the training began with: a name, or a folder of weights')
    .option('--name <name>', 'what the workspace calls the run; the folder’s name by default')
    .option('--dataset <name>', 'the dataset that it trains on, where the workspace has it')
    .option('--every <seconds>', 'between two looks at the folder (default: 5)', realNumber)
    .option('--alert <rule>', 'e.g. nfr>2% (its lower bound), or any curve: rewards/margins<0; repeatable', collect)
    .option('--webhook <url>', 'the one address that alerts are sent to: on this machine, or https')
    .action((folder: string, options: WatchFlags) => go(commands.watch, folder, options));
  program
    .command('sweep <spec>')
    .description('one run for every combination of values, one after the other; SPEC is a file, or a run to copy')
    .requiredOption('--vary <path=values...>', 'e.g. guard.weight=0.1,0.5; several make a grid', collect)
    .option('--set <path=value...>', 'change the spec first', collect)
    .option('--site <name>', 'hand all runs to a site, as one array')
    .option('--at-once <n>', 'with --site: how many may run together', wholeNumber)
    .option('--detach', 'with --site: submit and leave; the runs go on by themselves')
    .option('--dry-run', 'with --site: print the job script and Slurm’s estimate, and stop')
    .action((spec: string, options: SweepFlags) => go(commands.sweep, spec, options));
  program
    .command('study <file>')
    .description(
      'methods × seeds × models from a study file, trained, measured along their paths and matched curve against curve; goes on where it was',
    )
    .option('--site <name>', 'train at a site, all runs as one job')
    .option('--at-once <n>', 'with --site: how many may run together', wholeNumber)
    .option('--dry-run', 'check the file, say what would be trained and measured, and stop')
    .option('--out <folder>', 'also write report.html, report.md and points.csv there')
    .action((file: string, options: StudyFlags) => go(commands.study, file, options));
  program
    .command('interpolate <from> <to>')
    .description('a model on the line between two weights; each is a model, a run or a checkpoint (RUN@STEP)')
    .requiredOption('--fraction <x>', '0 is FROM, 1 is TO', realNumber)
    .requiredOption('--name <name>', 'of the new model')
    .action((from: string, to: string, options: { fraction: number; name: string }) =>
      go(commands.interpolate, from, to, options),
    );
}
