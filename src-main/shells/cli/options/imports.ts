import { suiteKinds, type SuiteKind } from '../../../shared/domain/evaluations.ts';
import { Option } from 'commander';
import type { Command as Program } from 'commander';
import type { ForeignRunFlags } from '../commands/foreign-runs.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { byteSize, collect, realNumber, wholeNumber } from './values.ts';

const commands = {
  importDataset: lazily(async () => (await import('../commands/import.ts')).importDataset),
  importEvaluation: lazily(async () => (await import('../commands/import.ts')).importEvaluation),
  importModel: lazily(async () => (await import('../commands/import.ts')).importModel),
  importRun: lazily(async () => (await import('../commands/foreign-runs.ts')).importRun),
  importSuite: lazily(async () => (await import('../commands/import.ts')).importSuite),
  importWorkspace: lazily(async () => (await import('../commands/import.ts')).importWorkspace),
};

export function addImports(program: Program, go: Go): void {
  const imports = program.command('import').description('take in models, datasets, evaluations, suites and runs');
  imports
    .command('model [source]')
    .description(
      'import a Hugging Face folder, a PEFT adapter (with --base), ORG/NAME[@REVISION] from the Hub, or a model behind a server (with --endpoint); “stories15m” downloads the demo model',
    )
    .option('--name <name>', 'name in the workspace (default: the folder’s name)')
    .option('--base <model>', 'base model of an adapter')
    .option('--endpoint <url>', 'URL of an OpenAI-compatible server, up to and including /v1')
    .option('--model <name>', 'with --endpoint: the server’s name for the model')
    .option('--key-env <variable>', 'with --endpoint: environment variable that holds the key, which is never stored')
    .option('--concurrency <n>', 'with --endpoint: concurrent requests (default: 8)', wholeNumber)
    .option('--input-price <x>', 'with --endpoint: price per million prompt tokens', realNumber)
    .option('--output-price <x>', 'with --endpoint: price per million answer tokens', realNumber)
    .option('--plain-http', 'with --endpoint: allow plain http to another machine')
    .action((dir: string | undefined, options: ModelFlags) => go(commands.importModel, dir, options));
  imports
    .command('dataset <source>')
    .description('import preference pairs, completions, conversations or prompts from a file, or ORG/NAME from the Hub')
    .option('--name <name>', 'name in the workspace (default: the file’s name)')
    .option('--config <config>', 'configuration of a Hub dataset that has several')
    .option('--split <split>', 'split of a Hub dataset (default: train)')
    .option('--format <format>', 'auto, trl, unpaired, sharegpt, alpaca, jsonl, csv, …', 'auto')
    .option('--map <field=path...>', 'map fields to record paths, e.g. prompt=question,chosen=a.text', collect)
    .option('--strict', 'stop at the first invalid record')
    .action((file: string, options: ImportFlags) => go(commands.importDataset, file, options));
  imports
    .command('eval <source>')
    .description('import per-sample results of another tool, from a path or ORG/NAME on the Hub')
    .option('--name <name>', 'name in the workspace (default: made from the model or the file)')
    .option(
      '--format <format>',
      'auto, lm-eval, lighteval, opencompass, helm, swe-bench, alpaca-eval, inspect, promptfoo, langsmith, langfuse, braintrust, jsonl, csv, …',
      'auto',
    )
    .option(
      '--map <field=path...>',
      'map fields to record paths: id, prompt, output, target, correct, score, slice, cluster, tags, resultTags',
      collect,
    )
    .option('--variant <name>', 'which result to take where samples have several (filter, annotator, scorer, provider)')
    .option('--config <config>', 'model folder, task or configuration within a Hub repository')
    .option('--split <split>', 'split of a Hub repository that has several')
    .option('--strict', 'stop at the first invalid record')
    .action((file: string, options: ImportFlags) => go(commands.importEvaluation, file, options));
  imports
    .command('suite <file>')
    .description('import an evaluation suite')
    .addOption(
      new Option('--kind <kind>', 'what each item asks of the model').choices([...suiteKinds]).makeOptionMandatory(),
    )
    .requiredOption('--name <name>', 'name in the workspace')
    .option('--map <field=path...>', 'map fields to record paths, e.g. prompt=question,target=answer', collect)
    .option('--delimiter <text>', 'text between prompt and target (default: one space)')
    .option(
      '--scorer <scorer>',
      'with generate and outputs: exact, contains, regex, numeric, lexicon:afinn, reward-model:NAME or "command:python score.py"',
    )
    .option('--threshold <x>', 'lowest score of a lexicon, reward model or command that counts as right', realNumber)
    .option('--max-new-tokens <n>', 'with generate and outputs: longest answer in tokens (default: 64)', wholeNumber)
    .option('--temperature <t>', 'with generate and outputs: sampling temperature; 0 is greedy', realNumber)
    .option(
      '--repeats <k>',
      'with generate and outputs: sampled answers per item; needs a temperature above 0',
      wholeNumber,
    )
    .action((file: string, options: SuiteFlags) => go(commands.importSuite, file, options));
  imports
    .command('run <folder>')
    .description(
      'import a training run of TRL, transformers, axolotl or LLaMA-Factory: curves, checkpoints and completions',
    )
    .option('--name <name>', 'name in the workspace (default: the folder’s name)')
    .option('--base <model>', 'model that training started from: a name, or a folder of weights')
    .option('--dataset <name>', 'training dataset, if the workspace has it')
    .action((folder: string, options: ForeignRunFlags) => go(commands.importRun, folder, options));
  imports
    .command('workspace <file>')
    .description('unpack an exported workspace into a new or empty folder')
    .option(
      '--max-size <size>',
      'largest size to unpack to, such as 20GB (default: twenty times the file’s size)',
      byteSize,
    )
    .action((file: string, options: { maxSize?: number }) => go(commands.importWorkspace, file, options));
}

export interface ModelFlags {
  name?: string;
  base?: string;
  endpoint?: string;
  model?: string;
  keyEnv?: string;
  concurrency?: number;
  inputPrice?: number;
  outputPrice?: number;
  plainHttp?: boolean;
}
export interface ImportFlags {
  name?: string;
  format?: string;
  map?: string[];
  variant?: string;
  config?: string;
  split?: string;
  strict?: boolean;
}
export interface SuiteFlags extends ImportFlags {
  name: string;
  kind: SuiteKind;
  delimiter?: string;
  scorer?: string;
  threshold?: number;
  maxNewTokens?: number;
  temperature?: number;
  repeats?: number;
}
