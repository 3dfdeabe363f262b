import type { Command as Program } from 'commander';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { collect, wholeNumber } from './values.ts';

const commands = {
  add: lazily(async () => (await import('../commands/site.ts')).siteAddCommand),
  list: lazily(async () => (await import('../commands/site.ts')).siteListCommand),
  doctor: lazily(async () => (await import('../commands/site.ts')).siteDoctorCommand),
  remove: lazily(async () => (await import('../commands/site.ts')).siteRemoveCommand),
  jobs: lazily(async () => (await import('../commands/site-jobs.ts')).siteJobsCommand),
  log: lazily(async () => (await import('../commands/site-jobs.ts')).siteLogCommand),
  bring: lazily(async () => (await import('../commands/site-jobs.ts')).siteBringCommand),
  retry: lazily(async () => (await import('../commands/site-jobs.ts')).siteRetryCommand),
};

export interface SiteFlags {
  name: string;
  local?: boolean;
  host?: string;
  folder: string;
  program?: string;
  partition?: string;
  account?: string;
  qos?: string;
  time?: string;
  timeMin?: string;
  gpus?: string;
  cpus?: number;
  memory?: string;
  constraint?: string;
  setup?: string[];
  sbatch?: string[];
  requeues?: number;
}

export function addSites(program: Program, go: Go): void {
  const sites = program.command('site').description('clusters that run what you hand over: Slurm, here or behind ssh');
  sites
    .command('add')
    .description('remember a site')
    .requiredOption('--name <name>', 'what specs and commands call it')
    .option('--local', 'Slurm’s commands work on this machine')
    .option('--host <host>', 'as ssh knows it, with your ~/.ssh/config')
    .requiredOption('--folder <dir>', 'absolute, on a disk that its nodes share; runs and what they read lie there')
    .option('--program <dir>', 'where this workbench lies there (default: the same path as here)')
    .option('--partition <name>', 'sbatch --partition')
    .option('--account <name>', 'sbatch --account')
    .option('--qos <name>', 'sbatch --qos')
    .option('--time <limit>', 'sbatch --time, for example 8:00:00')
    .option('--time-min <limit>', 'sbatch --time-min: a shorter job may start earlier')
    .option('--gpus <n>', 'sbatch --gpus-per-node, a number or TYPE:NUMBER')
    .option('--cpus <n>', 'sbatch --cpus-per-task', wholeNumber)
    .option('--memory <size>', 'sbatch --mem, for example 32G')
    .option('--constraint <features>', 'sbatch --constraint')
    .option(
      '--setup <line>',
      'a shell line before the trainer starts, for example "module load cuda"; repeatable',
      collect,
    )
    .option('--sbatch <line>', 'a further #SBATCH line, for example --sbatch=--exclusive; repeatable', collect)
    .option('--requeues <n>', 'how often a job that runs out of time puts itself back (default: 3)', wholeNumber)
    .action((options: SiteFlags) => go(commands.add, options));
  sites
    .command('list')
    .description('the sites of this workspace')
    .action(() => go(commands.list));
  sites
    .command('doctor <name>')
    .description('submit a one-minute job and say what it saw')
    .action((name: string) => go(commands.doctor, name));
  sites
    .command('remove <name>')
    .description('forget a site; its folder stays')
    .action((name: string) => go(commands.remove, name));
  sites
    .command('jobs')
    .description('what the jobs of unfinished runs do, and why they wait')
    .action(() => go(commands.jobs));
  sites
    .command('log <run>')
    .description('the end of a job’s log')
    .option('--lines <n>', 'how much of it (default: 40)', wholeNumber)
    .action((run: string, options: { lines?: number }) => go(commands.log, run, options));
  sites
    .command('bring <checkpoint>')
    .description('copy a checkpoint (RUN@STEP, or a run’s newest) into this workspace')
    .option('--with-optimizer', 'also what only a resume needs')
    .action((checkpoint: string, options: { withOptimizer?: boolean }) => go(commands.bring, checkpoint, options));
  sites
    .command('retry <name>')
    .description('resume what failed or was interrupted there, as one job')
    .option('--sweep <id>', 'only the runs of this sweep')
    .action((name: string, options: { sweep?: string }) => go(commands.retry, name, options));
}
