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
      'a Hugging Face folder, a PEFT adapter with --base, or ORG/NAME[@REVISION] on the Hub, or with --endpoint a model behind a server; “stories15m” fetches the demo model',
    )
    .option('--name <name>', 'what the workspace calls it; the folder’s name by default')
    .option('--base <model>', 'the model that an adapter sits on')
    .option('--endpoint <url>', 'an OpenAI-compatible server, up to and including /v1; its model can be evaluated')
    .option('--model <name>', 'with --endpoint: what the server calls the model')
    .option('--key-env <variable>', 'with --endpoint: the environment variable that holds the key; it is never stored')
    .option('--concurrency <n>', 'with --endpoint: requests at a time (default: 8)', wholeNumber)
    .option('--input-price <x>', 'with --endpoint: what a million tokens of prompts cost', realNumber)
    .option('--output-price <x>', 'with --endpoint: what a million tokens of answers cost', realNumber)
    .option('--plain-http', 'with --endpoint: allow http to another machine')
    .action((dir: string | undefined, options: ModelFlags) => go(commands.importModel, dir, options));
  imports
    .command('dataset <source>')
    .description('preference pairs, completions, conversations or prompts to train on: a file, or ORG/NAME on the Hub')
    .option('--name <name>', 'what the workspace calls it; the file’s name by default')
    .option('--config <config>', 'of a data set on the Hub that has several')
    .option('--split <split>', 'of a data set on the Hub; train by default')
    .option('--format <format>', 'auto, trl, unpaired, sharegpt, alpaca, jsonl, csv, …', 'auto')
    .option('--map <field=path...>', 'where fields are, e.g. prompt=question,chosen=a.text', collect)
    .option('--strict', 'stop at the first record that does not fit')
    .action((file: string, options: ImportFlags) => go(commands.importDataset, file, options));
  imports
    .command('eval <source>')
    .description('what a model answered, sample by sample, as another tool wrote it: a path, or ORG/NAME on the Hub')
    .requiredOption('--name <name>', 'what comparisons call it')
    .option(
      '--format <format>',
      'auto, lm-eval, lighteval, opencompass, helm, swe-bench, alpaca-eval, inspect, promptfoo, langsmith, langfuse, braintrust, jsonl, csv, …',
      'auto',
    )
    .option('--map <field=path...>', 'id, prompt, output, target, correct, score, slice, cluster, tags', collect)
    .option('--variant <name>', 'which of several results of a sample (filter, annotator, scorer, provider)')
    .option('--config <config>', 'of a repository on the Hub: a model’s folder, a task or a configuration')
    .option('--split <split>', 'of a repository on the Hub that has several')
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
    .option('--delimiter <text>', 'between prompt and target; one space by default')
    .option(
      '--scorer <scorer>',
      'generate: exact, contains, regex, numeric, lexicon:afinn, reward-model:NAME, "command:python score.py"',
    )
    .option(
      '--threshold <x>',
      'from which score of a lexicon, a reward model or a command an answer is right',
      realNumber,
    )
    .option('--max-new-tokens <n>', 'for generate suites; 64 by default', wholeNumber)
    .option('--temperature <t>', 'generate; 0 is greedy', realNumber)
    .option(
      '--repeats <k>',
      'generate: answers per item, each sampled by itself; needs a temperature above 0',
      wholeNumber,
    )
    .action((file: string, options: SuiteFlags) => go(commands.importSuite, file, options));
  imports
    .command('run <folder>')
    .description(
      'what another trainer wrote: curves, checkpoints and completions of TRL, transformers, axolotl, LLaMA-Factory',
    )
    .option('--name <name>', 'what the workspace calls it; the folder’s name by default')
    .option('--base <model>', 'the model that the training began with: a name, or a folder of weights')
    .option('--dataset <name>', 'the dataset that it trains on, where the workspace has it')
    .action((folder: string, options: ForeignRunFlags) => go(commands.importRun, folder, options));
  imports
    .command('workspace <file>')
    .description('a workspace that was exported, into a new or an empty folder')
    .option('--max-size <size>', 'what it may unpack to, such as 20GB; twenty times its own size by default', byteSize)
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
  kind: 'pairs' | 'cloze' | 'words' | 'choice' | 'generate';
  delimiter?: string;
  scorer?: string;
  threshold?: number;
  maxNewTokens?: number;
  temperature?: number;
  repeats?: number;
}
