import { Argument, Command as Program, Option } from 'commander';
import type { BenchFlags } from './commands/bench.ts';
import type { ChatFlags } from './commands/chat.ts';
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
import { addKinds } from './options/kinds.ts';
import { addThings } from './options/things.ts';
import { collect, folderPath, portNumber, realNumber, wholeNumber } from './options/values.ts';
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
  chat: lazily(async () => (await import('./commands/chat.ts')).chatCommand),
  endpoint: lazily(async () => (await import('./commands/endpoint.ts')).endpointCommand),
  mcp: lazily(async () => (await import('./commands/mcp.ts')).mcpCommand),
  serve: lazily(async () => (await import('./commands/serve.ts')).serveCommand),
  connect: lazily(async () => (await import('./commands/connect.ts')).connectCommand),
  demo: lazily(async () => (await import('./commands/demo.ts')).demoCommand),
};

/** The commands and their options; each group’s are in `options/`, what they do in `commands/`. */
export function createProgram({ streams, run }: ProgramOptions): Program {
  const program = new Program('flipguard')
    .description('Find the negative flips of an aligned language model, understand them, and train without them.')
    .version(version)
    .option(
      '--workspace <dir>',
      'workspace folder (default: $FLIPGUARD_HOME, else a folder in your user data)',
      folderPath,
    )
    .option(
      '--allow-endpoint <origin>',
      'allow prompts and answers to be sent to this address, e.g. a judge’s',
      collect,
    )
    .option(
      '--allow-command <command>',
      'allow a program that a suite or a spec names to run, e.g. "python score.py"',
      collect,
    )
    .option('--json', 'print one JSON document on stdout (NDJSON for flips); progress stays on stderr')
    .exitOverride()
    .configureOutput({ writeOut: (text) => streams.stdout.write(text), writeErr: (text) => streams.stderr.write(text) })
    .showHelpAfterError('(flipguard --help lists the commands)');
  const go = <Args extends unknown[]>(command: Command<Args>, ...args: Args) =>
    run(program.opts<GlobalOptions>(), command, ...args);

  program
    .command('doctor')
    .description('check backends, devices, versions, disk space and the workspace')
    .option('--check', 'verify every file and row of the workspace against its records; exit 1 on findings')
    .option('--repair', 'with --check: also apply the repairs that lose nothing')
    .option('--fix', 'set TensorFlow up again first, and say what was tried where it cannot be had')
    .action((options: { check?: boolean; repair?: boolean; fix?: boolean }) => go(commands.doctor, options));
  addBench(program, go);
  addImports(program, go);
  addDatasets(program, go);
  program
    .command('list')
    .description('list what is in the workspace')
    .addArgument(new Argument('<what>').choices(listNames))
    .option('--archived', 'include archived ones')
    .action((what: (typeof listNames)[number], options: { archived?: boolean }) => go(commands.list, what, options));
  addRuns(program, go);
  addSites(program, go);
  addComparisons(program, go);
  addGuardSets(program, go);
  addKinds(program, go);
  addThings(program, go);
  addDoors(program, go);
  return program;
}

function addBench(program: Program, go: Go): void {
  program
    .command('bench')
    .description('measure this machine')
    .command('gpu')
    .description('benchmark this machine: DPO (full and LoRA) and decoding, next to TRL where a Python has it')
    .option('--model <dir>', 'a Hugging Face model folder, instead of the built-in shapes')
    .addOption(
      new Option(
        '--shapes <size>',
        'gpu: 15M, 0.5B and 1B parameters; tiny: done in seconds (default: depends on the backend)',
      ).choices(['gpu', 'tiny']),
    )
    .option('--out <file>', 'write the table to this file (default: flipguard-bench.md)')
    .action((options: BenchFlags) => go(commands.bench, options));
}

function addDoors(program: Program, go: Go): void {
  program
    .command('export <what> [names...]')
    .description(
      'export an adapter or checkpoint (MODEL or RUN@STEP), a dataset, metrics of runs, an evaluation with every sample, a run (spec, metrics, environment), or the whole workspace',
    )
    .requiredOption('--out <path>', 'file, or folder that does not exist yet')
    .option('--force', 'overwrite an existing file')
    .option(
      '--format <format>',
      'checkpoint: safetensors (a folder with full weights), adapter (for PEFT and vLLM) or gguf; metrics: csv, parquet or tensorboard; evaluation: jsonl or parquet (default: the first)',
    )
    .addOption(
      new Option('--type <type>', 'number format in the GGUF file')
        .choices(['f32', 'f16', 'bf16', 'q8_0'])
        .default('f16'),
    )
    .option('--suite <suite>', 'suite of an evaluation that is named by its run or model')
    .option(
      '--push <repository>',
      'upload a checkpoint, an adapter or a report to ORG/NAME on the Hub too, with a card of base, data, method and flips; a new repository is private',
    )
    .action((what: string, names: string[], options: ExportFlags) => go(commands.export, what, names, options));
  program
    .command('serve')
    .description('open the workbench in a browser, on this machine only')
    .option('--port <n>', 'port to listen on (default: any free one)', portNumber)
    .option('--open', 'open the browser')
    .option('--detach', 'run in the background, one server per workspace; if it already runs, print a new address')
    .option('--stop', 'stop the server of this workspace; local runs save a checkpoint first')
    .action((options: ServeFlags) => go(commands.serve, options));
  program
    .command('connect <host>')
    .description('open the workbench of another machine over ssh; runs there continue when you disconnect')
    .option(
      '--program <dir>',
      'path of the workbench there (default: flipguard in the PATH, else the same path as here)',
    )
    .option('--remote-workspace <dir>', 'workspace folder there (default: that machine’s own default)')
    .option('--port <n>', 'local port (default: any free one)', portNumber)
    .option('--open', 'open the browser')
    .action((host: string, options: ConnectFlags) => go(commands.connect, host, options));
  program
    .command('chat <model>')
    .description(
      'answer prompts from the terminal or a pipe, one per line, with a model or checkpoint (MODEL, RUN, RUN@STEP)',
    )
    .option('--against <model>', 'old model or checkpoint to answer as well; prints where the two answers first differ')
    .option('--prompt <text>', 'prompt to answer instead of lines (repeatable)', collect)
    .option('--temperature <n>', 'sampling temperature; 0 takes the likeliest token each time (default: 0)', realNumber)
    .option('--seed <n>', 'seed of sampling, the same for both models (default: 0)', wholeNumber)
    .option('--max-tokens <n>', 'most tokens per answer (default: 128)', wholeNumber)
    .option('--plain', 'send the prompt as it is, without the models’ chat template')
    .action((model: string, options: ChatFlags) => go(commands.chat, model, options));
  program
    .command('endpoint <targets...>')
    .description('serve models and checkpoints (MODEL, RUN, RUN@STEP) through an OpenAI-compatible API on this machine')
    .option('--port <n>', 'port to listen on (default: any free one)', portNumber)
    .option('--key-env <variable>', 'environment variable with the key that clients must send')
    .option('--idle <seconds>', 'how long weights stay loaded when idle (default: 60)', wholeNumber)
    .action((targets: string[], options: EndpointFlags) => go(commands.endpoint, targets, options));
  program
    .command('mcp')
    .description('serve the workspace read-only to agents over stdio (Model Context Protocol)')
    .action(() => go(commands.mcp));
  program
    .command('demo')
    .description('train, guard and compare a small model, and report what flipped')
    .option('--quick', 'use a smaller model')
    .option('--seed <n>', 'random seed of the training order', wholeNumber)
    .action((options: { quick?: boolean; seed?: number }) => go(commands.demo, options));
}
