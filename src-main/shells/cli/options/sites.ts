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
    .description('add a site where runs can be submitted')
    .requiredOption('--name <name>', 'name of the site')
    .option('--local', 'Slurm’s commands are available on this machine')
    .option('--host <host>', 'host name for ssh, which reads your ~/.ssh/config')
    .requiredOption('--folder <dir>', 'absolute path on a disk shared by the nodes, for runs and their inputs')
    .option('--program <dir>', 'path of this workbench there (default: the same as here)')
    .option('--partition <name>', 'sbatch --partition')
    .option('--account <name>', 'sbatch --account')
    .option('--qos <name>', 'sbatch --qos')
    .option('--time <limit>', 'sbatch --time, for example 8:00:00')
    .option('--time-min <limit>', 'sbatch --time-min: a shorter job may start earlier')
    .option('--gpus <n>', 'sbatch --gpus-per-node, a number or TYPE:NUMBER')
    .option('--cpus <n>', 'sbatch --cpus-per-task', wholeNumber)
    .option('--memory <size>', 'sbatch --mem, for example 32G')
    .option('--constraint <features>', 'sbatch --constraint')
    .option('--setup <line>', 'shell line to run before the trainer, e.g. "module load cuda"; repeatable', collect)
    .option('--sbatch <line>', 'additional #SBATCH option, e.g. --sbatch=--exclusive; repeatable', collect)
    .option('--requeues <n>', 'how often a job may requeue itself when its time is up (default: 3)', wholeNumber)
    .action((options: SiteFlags) => go(commands.add, options));
  sites
    .command('list')
    .description('list the sites of this workspace')
    .action(() => go(commands.list));
  sites
    .command('doctor <name>')
    .description('submit a one-minute job and report what it found')
    .action((name: string) => go(commands.doctor, name));
  sites
    .command('remove <name>')
    .description('remove a site; its folder is kept')
    .action((name: string) => go(commands.remove, name));
  sites
    .command('jobs')
    .description('show the jobs of unfinished runs and evaluations, and why they wait')
    .action(() => go(commands.jobs));
  sites
    .command('log <run>')
    .description('print the end of a job’s log')
    .option('--lines <n>', 'number of lines (default: 40)', wholeNumber)
    .action((run: string, options: { lines?: number }) => go(commands.log, run, options));
  sites
    .command('bring <checkpoint>')
    .description('copy a checkpoint (RUN@STEP, or a run’s newest) into this workspace')
    .option('--with-optimizer', 'also copy the optimizer state, which only a resume needs')
    .action((checkpoint: string, options: { withOptimizer?: boolean }) => go(commands.bring, checkpoint, options));
  sites
    .command('retry <name>')
    .description('resume the runs that failed or were interrupted at a site, as one job')
    .option('--sweep <id>', 'only the runs of this sweep')
    .action((name: string, options: { sweep?: string }) => go(commands.retry, name, options));
}
