import { Argument, Command as Program, InvalidArgumentError, Option } from 'commander';
import type { Command } from './context.ts';
import { listNames } from './list-names.ts';
import type { GlobalOptions } from './run-cli.ts';
import type { Streams } from './terminal.ts';
import { version } from '../../workbench/version.ts';
import { reportSections } from '../../reports/report-model.ts';

export interface ProgramOptions {
  readonly streams: Streams;
  run<Args extends unknown[]>(options: GlobalOptions, command: Command<Args>, ...args: Args): Promise<void>;
}

/** Each command's code is loaded when it is asked for: help and usage errors answer at once. */
const commands = {
  doctor: lazily(async () => (await import('./commands/doctor.ts')).doctorCommand),
  importDataset: lazily(async () => (await import('./commands/import.ts')).importDataset),
  importEvaluation: lazily(async () => (await import('./commands/import.ts')).importEvaluation),
  importModel: lazily(async () => (await import('./commands/import.ts')).importModel),
  importSuite: lazily(async () => (await import('./commands/import.ts')).importSuite),
  importWorkspace: lazily(async () => (await import('./commands/import.ts')).importWorkspace),
  list: lazily(async () => (await import('./commands/list.ts')).listCommand),
  relaunch: lazily(async () => (await import('./commands/train.ts')).relaunchCommand),
  resume: lazily(async () => (await import('./commands/train.ts')).resumeCommand),
  stop: lazily(async () => (await import('./commands/train.ts')).stopCommand),
  train: lazily(async () => (await import('./commands/train.ts')).trainCommand),
  evaluate: lazily(async () => (await import('./commands/evaluate.ts')).evaluateCommand),
  compare: lazily(async () => (await import('./commands/compare.ts')).compareCommand),
  flips: lazily(async () => (await import('./commands/flips.ts')).flipsCommand),
  gate: lazily(async () => (await import('./commands/gate.ts')).gateCommand),
  report: lazily(async () => (await import('./commands/report.ts')).reportCommand),
  export: lazily(async () => (await import('./commands/export.ts')).exportCommand),
  serve: lazily(async () => (await import('./commands/serve.ts')).serveCommand),
  demo: lazily(async () => (await import('./commands/demo.ts')).demoCommand),
};

function lazily<Args extends unknown[]>(load: () => Promise<Command<Args>>): Command<Args> {
  return async (context, ...args) => (await load())(context, ...args);
}

/** The commands and their options; what they do stands in `commands/`. */
export function createProgram({ streams, run }: ProgramOptions): Program {
  const program = new Program('flipguard')
    .description('Find the negative flips of an aligned language model, understand them, and train without them.')
    .version(version)
    .option('--workspace <dir>', 'folder of the workspace (else $FLIPGUARD_HOME, else the user data folder)')
    .option('--json', 'one JSON document on stdout (NDJSON for flips); progress stays on stderr')
    .exitOverride()
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .showHelpAfterError('(flipguard --help lists the commands)');
  const go = <Args extends unknown[]>(command: Command<Args>, ...args: Args) =>
    run(program.opts<GlobalOptions>(), command, ...args);

  program
    .command('doctor')
    .description('backends, devices, versions, disk, health of the workspace')
    .action(() => go(commands.doctor));
  addImports(program, go);
  program
    .command('list')
    .description('what the workspace holds')
    .addArgument(new Argument('<what>').choices(listNames))
    .action((what: (typeof listNames)[number]) => go(commands.list, what));
  addRuns(program, go);
  addComparisons(program, go);
  addDoors(program, go);
  return program;
}

type Go = <Args extends unknown[]>(command: Command<Args>, ...args: Args) => Promise<void>;

function addImports(program: Program, go: Go): void {
  const imports = program.command('import').description('take in models, datasets, evaluations and suites');
  imports
    .command('model <dir>')
    .description('a Hugging Face folder; “stories15m” fetches the demo model')
    .option('--name <name>', 'what the workspace calls it; the folder’s name unless told')
    .action((dir: string, options: { name?: string }) => go(commands.importModel, dir, options));
  imports
    .command('dataset <file>')
    .description('preference pairs, completions, conversations or prompts to train on')
    .option('--name <name>', 'what the workspace calls it; the file’s name unless told')
    .option('--format <format>', 'auto, trl, unpaired, sharegpt, alpaca, jsonl, csv, …', 'auto')
    .option('--map <field=path...>', 'where fields are, e.g. prompt=question,chosen=a.text', collect)
    .option('--strict', 'stop at the first record that does not fit')
    .action((file: string, options: ImportFlags) => go(commands.importDataset, file, options));
  imports
    .command('eval <path>')
    .description('what a model answered, sample by sample, as another tool wrote it')
    .requiredOption('--name <name>', 'what comparisons call it')
    .option('--format <format>', 'auto, lm-eval, alpaca-eval, inspect, promptfoo, jsonl, csv, …', 'auto')
    .option('--map <field=path...>', 'id, prompt, output, target, correct, score, slice, cluster, tags', collect)
    .option('--variant <name>', 'which of several results of a sample (filter, annotator, scorer, provider)')
    .option('--strict', 'stop at the first record that does not fit')
    .action((file: string, options: ImportFlags & { name: string }) => go(commands.importEvaluation, file, options));
  imports
    .command('suite <file>')
    .description('a check that runs and evaluations can be given')
    .addOption(
      new Option('--kind <kind>', 'what an item asks of the model')
        .choices(['pairs', 'cloze', 'words', 'choice', 'generate'])
        .makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'what specs call it')
    .option('--map <field=path...>', 'e.g. prompt=question,target=answer', collect)
    .option('--delimiter <text>', 'between prompt and target; one blank unless told')
    .option('--scorer <scorer>', 'generate: exact, contains, regex, numeric, lexicon:afinn, reward-model:NAME')
    .option('--max-new-tokens <n>', 'generate; 64 unless told', wholeNumber)
    .option('--temperature <t>', 'generate; 0 is greedy', realNumber)
    .action((file: string, options: SuiteFlags) => go(commands.importSuite, file, options));
  imports
    .command('workspace <file>')
    .description('a workspace that was exported')
    .action((file: string) => go(commands.importWorkspace, file));
}

export interface ImportFlags {
  name?: string;
  format?: string;
  map?: string[];
  variant?: string;
  strict?: boolean;
}
export interface SuiteFlags extends ImportFlags {
  name: string;
  kind: 'pairs' | 'cloze' | 'words' | 'choice' | 'generate';
  delimiter?: string;
  scorer?: string;
  maxNewTokens?: number;
  temperature?: number;
}

function addRuns(program: Program, go: Go): void {
  program
    .command('train <spec>')
    .description('train in the foreground; Ctrl-C stops after the step, with a checkpoint')
    .option('--set <path=value...>', 'change the spec, e.g. guard.weight=0.5', collect)
    .action((spec: string, options: { set?: string[] }) => go(commands.train, spec, options));
  program
    .command('resume <run>')
    .description('go on from the newest checkpoint')
    .action((name: string) => go(commands.resume, name));
  program
    .command('relaunch <run>')
    .description('a new run from a copy of the spec')
    .option('--set <path=value...>', 'change the copy', collect)
    .option('--dry-run', 'print the difference and stop')
    .action((name: string, options: { set?: string[]; dryRun?: boolean }) => go(commands.relaunch, name, options));
  program
    .command('stop <run>')
    .description('stop after the step at hand')
    .action((name: string) => go(commands.stop, name));
  program
    .command('evaluate <target>')
    .description('run a suite on a run, a checkpoint (RUN@STEP) or a model')
    .requiredOption('--suite <name>', 'the check to run')
    .option('--name <name>', 'of the evaluation; made of target and suite unless told')
    .option('--seed <n>', 'of sampled decoding', wholeNumber)
    .action((target: string, options: { suite: string; name?: string; seed?: number }) =>
      go(commands.evaluate, target, options),
    );
}

function addComparisons(program: Program, go: Go): void {
  const suite = ['--suite <name>', 'where runs, checkpoints or models share several; the newest unless told'] as const;
  const rule = () => new Option('--rule <rule>', 'verdict, margin:TAU or threshold:C').default('verdict');
  program
    .command('compare <left> <right>')
    .description('old against new: flips, rates, intervals')
    .addOption(rule())
    .option(...suite)
    .option('--slice <name>', 'only this slice')
    .action((left: string, right: string, options: PairFlags & { slice?: string }) =>
      go(commands.compare, left, right, options),
    );
  program
    .command('flips <left> <right>')
    .description('the samples that changed')
    .addOption(rule())
    .option(...suite)
    .addOption(
      new Option('--kind <kind>', 'what became of the samples')
        .choices(['negative', 'positive', 'kept-right', 'kept-wrong'])
        .default('negative'),
    )
    .option('--slice <name>', 'only this slice')
    .option('--search <text>', 'in prompts and outputs')
    .addOption(
      new Option('--sort <column>', 'the worst change, the id, or the longest new output first')
        .choices(['delta', 'id', 'length'])
        .default('delta'),
    )
    .option('--limit <n>', 'at most so many', wholeNumber)
    .action((left: string, right: string, options: FlipFlags) => go(commands.flips, left, right, options));
  program
    .command('gate <left> <right>')
    .description('exit 0 pass, 1 fail, 2 could not be decided; judged on the interval’s bound')
    .requiredOption('--max-nfr <x>', 'highest rate of negative flips, e.g. 0.02', realNumber)
    .option('--max-drop <y>', 'largest fall of accuracy, e.g. 0.01', realNumber)
    .addOption(rule())
    .option(...suite)
    .option('--markdown <file>', 'a summary for a pull request')
    .option('--junit <file>', 'JUnit XML')
    .action((left: string, right: string, options: GateFlags) => go(commands.gate, left, right, options));
  program
    .command('report <subject...>')
    .description('LEFT RIGHT, one RUN, or several with --runs')
    .addOption(
      new Option('--format <format>', 'a report to read (html, pdf, md), or its rows')
        .choices(['html', 'pdf', 'md', 'csv', 'json', 'ndjson', 'parquet'])
        .makeOptionMandatory(),
    )
    .requiredOption('--out <file>', 'where to write it')
    .addOption(rule())
    .option(...suite)
    .option('--runs', 'the words name runs: their methods side by side, at a match')
    .option('--title <title>', 'at the head of the report')
    .option('--sections <name...>', `only these: ${reportSections.join(', ')}`)
    .option('--redact-texts', 'leave prompts and outputs out')
    .option('--private-tag <tag...>', 'leave samples with these tags out')
    .action((subject: string[], options: ReportFlags) => go(commands.report, subject, options));
}

/** What says which two evaluations are compared, and how. */
export interface PairFlags {
  rule: string;
  suite?: string;
}
export interface FlipFlags extends PairFlags {
  kind: 'negative' | 'positive' | 'kept-right' | 'kept-wrong';
  slice?: string;
  search?: string;
  sort: 'delta' | 'id' | 'length';
  limit?: number;
}
export interface GateFlags extends PairFlags {
  maxNfr: number;
  maxDrop?: number;
  markdown?: string;
  junit?: string;
}
export interface ReportFlags extends PairFlags {
  format: 'html' | 'pdf' | 'md' | 'csv' | 'json' | 'ndjson' | 'parquet';
  out: string;
  runs?: boolean;
  title?: string;
  sections?: string[];
  redactTexts?: boolean;
  privateTag?: string[];
}

function addDoors(program: Program, go: Go): void {
  program
    .command('export <what> [name]')
    .description('adapter or checkpoint (RUN@STEP), dataset, or the whole workspace')
    .requiredOption('--out <path>', 'a file, or a folder that does not exist yet')
    .action((what: string, name: string | undefined, options: { out: string }) =>
      go(commands.export, what, name, options),
    );
  program
    .command('serve')
    .description('the workbench in a browser, on this machine only')
    .option('--port <n>', 'any free one unless given', wholeNumber)
    .option('--open', 'open the browser')
    .action((options: { port?: number; open?: boolean }) => go(commands.serve, options));
  program
    .command('demo')
    .description('train, guard and compare a small model, and report what flipped')
    .option('--quick', 'a smaller model: about three minutes')
    .option('--seed <n>', 'of the order of pairs in training', wholeNumber)
    .action((options: { quick?: boolean; seed?: number }) => go(commands.demo, options));
}

function collect(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

function wholeNumber(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('A whole number of 0 or more is needed.');
}

function realNumber(text: string): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isFinite(value)) return value;
  throw new InvalidArgumentError('A number is needed.');
}
