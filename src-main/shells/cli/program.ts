import { Argument, Command as Program, Option } from 'commander';
import type { BenchFlags } from './commands/bench.ts';
import type { ConnectFlags } from './commands/connect.ts';
import type { EndpointFlags } from './commands/endpoint.ts';
import type { ServeFlags } from './commands/serve.ts';
import type { ExportFlags } from './commands/export.ts';
import type { Command } from './context.ts';
import { listNames } from './list-names.ts';
import { addComparisons } from './options/comparisons.ts';
import { addDatasets } from './options/datasets.ts';
import { lazily } from './options/go.ts';
import type { Go } from './options/go.ts';
import { addGuardSets } from './options/guard-sets.ts';
import { addImports } from './options/imports.ts';
import { addRuns } from './options/runs.ts';
import { addSites } from './options/sites.ts';
import { addThings } from './options/things.ts';
import { collect, wholeNumber } from './options/values.ts';
import type { GlobalOptions } from './run-cli.ts';
import type { Streams } from './terminal.ts';
import { version } from '../../workbench/version.ts';

export interface ProgramOptions {
  readonly streams: Streams;
  run<Args extends unknown[]>(options: GlobalOptions, command: Command<Args>, ...args: Args): Promise<void>;
}

const commands = {
  bench: lazily(async () => (await import('./commands/bench.ts')).benchCommand),
  doctor: lazily(async () => (await import('./commands/doctor.ts')).doctorCommand),
  list: lazily(async () => (await import('./commands/list.ts')).listCommand),
  export: lazily(async () => (await import('./commands/export.ts')).exportCommand),
  endpoint: lazily(async () => (await import('./commands/endpoint.ts')).endpointCommand),
  mcp: lazily(async () => (await import('./commands/mcp.ts')).mcpCommand),
  serve: lazily(async () => (await import('./commands/serve.ts')).serveCommand),
  connect: lazily(async () => (await import('./commands/connect.ts')).connectCommand),
  demo: lazily(async () => (await import('./commands/demo.ts')).demoCommand),
};

/** The commands and their options; each group’s stand in `options/`, what they do in `commands/`. */
export function createProgram({ streams, run }: ProgramOptions): Program {
  const program = new Program('flipguard')
    .description('Find the negative flips of an aligned language model, understand them, and train without them.')
    .version(version)
    .option('--workspace <dir>', 'folder of the workspace (else $FLIPGUARD_HOME, else the user data folder)')
    .option('--allow-endpoint <origin>', 'an address that may get prompts and answers, e.g. of a judge', collect)
    .option(
      '--allow-command <command>',
      'a program that a suite or a spec names and that may run, e.g. "python score.py"',
      collect,
    )
    .option('--json', 'one JSON document on stdout (NDJSON for flips); progress stays on stderr')
    .exitOverride()
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .showHelpAfterError('(flipguard --help lists the commands)');
  const go = <Args extends unknown[]>(command: Command<Args>, ...args: Args) =>
    run(program.opts<GlobalOptions>(), command, ...args);

  program
    .command('doctor')
    .description('backends, devices, versions, disk, health of the workspace')
    .option('--check', 'compare every file and row of the workspace with what was recorded; exit 1 on findings')
    .option('--repair', 'with --check: also do what loses nothing')
    .action((options: { check?: boolean; repair?: boolean }) => go(commands.doctor, options));
  addBench(program, go);
  addImports(program, go);
  addDatasets(program, go);
  program
    .command('list')
    .description('what the workspace holds')
    .addArgument(new Argument('<what>').choices(listNames))
    .option('--archived', 'archived ones too')
    .action((what: (typeof listNames)[number], options: { archived?: boolean }) => go(commands.list, what, options));
  addRuns(program, go);
  addSites(program, go);
  addComparisons(program, go);
  addGuardSets(program, go);
  addThings(program, go);
  addDoors(program, go);
  return program;
}

function addBench(program: Program, go: Go): void {
  program
    .command('bench')
    .description('measure this machine')
    .command('gpu')
    .description('what a GPU reaches: DPO on all weights and by LoRA, and decoding, next to TRL where a Python has it')
    .option('--model <dir>', 'a model folder in Hugging Face layout, in place of three models’ shapes')
    .addOption(
      new Option(
        '--shapes <size>',
        'gpu: 15M, 0.5B and 1B parameters; tiny: seconds; by default what computes decides',
      ).choices(['gpu', 'tiny']),
    )
    .option('--out <file>', 'where the table is written (default: flipguard-bench.md, here)')
    .action((options: BenchFlags) => go(commands.bench, options));
}

function addDoors(program: Program, go: Go): void {
  program
    .command('export <what> [names...]')
    .description(
      'adapter or checkpoint (MODEL or RUN@STEP), dataset, metrics of runs, evaluation with every sample, run (spec, metrics, environment), or the whole workspace',
    )
    .requiredOption('--out <path>', 'a file, or a folder that does not exist yet')
    .option('--force', 'replace a file that is there')
    .option(
      '--format <format>',
      'of a checkpoint: safetensors (a folder with whole weights), adapter (for PEFT and vLLM) or gguf; of metrics: csv, parquet or tensorboard; of an evaluation: jsonl or parquet; the first by default',
    )
    .addOption(new Option('--type <type>', 'of numbers in GGUF').choices(['f32', 'f16', 'bf16', 'q8_0']).default('f16'))
    .option('--suite <suite>', 'of an evaluation that is named by its run or model')
    .action((what: string, names: string[], options: ExportFlags) => go(commands.export, what, names, options));
  program
    .command('serve')
    .description('the workbench in a browser, on this machine only')
    .option('--port <n>', 'any free one unless given', wholeNumber)
    .option('--open', 'open the browser')
    .option('--detach', 'leave it running without a terminal, one for each workspace; again, it shows another address')
    .option('--stop', 'end the one that serves this workspace; runs of this machine save a checkpoint first')
    .action((options: ServeFlags) => go(commands.serve, options));
  program
    .command('connect <host>')
    .description('the workbench of another machine, over ssh, in a browser here; what runs there goes on without you')
    .option(
      '--program <dir>',
      'where the workbench lies there (else its flipguard in the PATH, else the same path as here)',
    )
    .option('--remote-workspace <dir>', 'folder of the workspace there (else that machine’s own default)')
    .option('--port <n>', 'of this machine; any free one unless given', wholeNumber)
    .option('--open', 'open the browser')
    .action((host: string, options: ConnectFlags) => go(commands.connect, host, options));
  program
    .command('endpoint <targets...>')
    .description(
      'models and checkpoints (MODEL, RUN, RUN@STEP) behind OpenAI’s interface, for any harness on this machine',
    )
    .option('--port <n>', 'any free one unless given', wholeNumber)
    .option('--key-env <variable>', 'the environment variable that holds the key which clients must send')
    .option('--idle <seconds>', 'how long weights stay loaded after the last answer (default: 60)', wholeNumber)
    .action((targets: string[], options: EndpointFlags) => go(commands.endpoint, targets, options));
  program
    .command('mcp')
    .description('the read side of the workspace for agents, over stdio (Model Context Protocol)')
    .action(() => go(commands.mcp));
  program
    .command('demo')
    .description('train, guard and compare a small model, and report what flipped')
    .option('--quick', 'a smaller model: about three minutes')
    .option('--seed <n>', 'of the order of pairs in training', wholeNumber)
    .action((options: { quick?: boolean; seed?: number }) => go(commands.demo, options));
}
