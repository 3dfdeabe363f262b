import { InvalidArgumentError, Option } from 'commander';
import type { Command as Program } from 'commander';
import { findings } from '../../../shared/domain/data/findings.ts';
import type { Finding } from '../../../shared/domain/data/findings.ts';
import { flipKinds } from '../../../shared/domain/flips.ts';
import type { FlipKind } from '../../../shared/domain/flips.ts';
import { rowReadings } from '../../../shared/domain/data/shown-row.ts';
import type { RowReading } from '../../../shared/domain/data/shown-row.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { collect, realNumber, rowLimit, wholeNumber } from './values.ts';
import type { RowLimit } from './values.ts';

const commands = {
  leaveOut: lazily(async () => (await import('../commands/dataset-versions.ts')).leaveOutCommand),
  keepOnly: lazily(async () => (await import('../commands/dataset-versions.ts')).keepOnlyCommand),
  sample: lazily(async () => (await import('../commands/dataset-versions.ts')).sampleCommand),
  split: lazily(async () => (await import('../commands/dataset-versions.ts')).splitCommand),
  replay: lazily(async () => (await import('../commands/dataset-versions.ts')).replayCommand),
  history: lazily(async () => (await import('../commands/dataset-versions.ts')).historyCommand),
  mark: lazily(async () => (await import('../commands/dataset-versions.ts')).markCommand),
  check: lazily(async () => (await import('../commands/dataset-check.ts')).checkCommand),
  show: lazily(async () => (await import('../commands/dataset-show.ts')).showRowCommand),
};

export interface ShowFlags {
  model: string;
  maxLength?: number;
  as?: RowReading;
}

export interface CheckFlags {
  model?: string;
  maxLength?: number;
  as?: RowReading;
  suite?: string[];
  maxDuplicates?: RowLimit;
  maxNearDuplicates?: RowLimit;
  maxContradictions?: RowLimit;
  maxOverlaps?: RowLimit;
  maxTruncated?: RowLimit;
  maxLeftOut?: RowLimit;
  maxLongerChosen?: RowLimit;
  maxEmptySides?: RowLimit;
  maxIdenticalSides?: RowLimit;
  maxOddRoles?: RowLimit;
  maxTemplateMarks?: RowLimit;
}

export interface WhereFlags {
  as: string;
  finding?: Finding[];
  tag?: string[];
  search?: string;
  marked?: boolean;
  nearFlips?: string;
  kind?: FlipKind;
  similarity?: number;
}

/** Commands about what a model is taught. */
export function addDatasets(program: Program, go: Go): void {
  const datasets = program.command('dataset').description('what a model is taught: seen, checked, cleaned, mixed');
  datasets
    .command('show <name> <row>')
    .description('a row, by its number from 1 or its id, token by token as training reads it')
    .requiredOption('--model <model>', 'whose tokenizer and chat template: a model, or RUN@STEP')
    .option('--max-length <n>', 'tokens a sequence may have (default: 512)', wholeNumber)
    .addOption(readingOption())
    .action((name: string, row: string, options: ShowFlags) => go(commands.show, name, row, options));
  datasets
    .command('check <name>')
    .description(
      'what is in it: copies, contradictions, lengths, cut rows, overlap with evaluations; exit 1 past a limit',
    )
    .option('--model <model>', 'count lengths in the tokens of a model, or of RUN@STEP')
    .option('--max-length <n>', 'with --model: tokens a sequence may have (default: 512)', wholeNumber)
    .option('--suite <name>', 'a suite, or an evaluation, that rows are looked up in; repeatable', collect)
    .addOption(readingOption())
    .option(
      '--max-duplicates <n>',
      'rows that may repeat another text for text; this and the others: 10, or 0.5%',
      rowLimit,
    )
    .option('--max-near-duplicates <n>', 'rows that may nearly repeat another', rowLimit)
    .option('--max-contradictions <n>', 'prompts that may contradict themselves', rowLimit)
    .option('--max-overlaps <n>', 'rows that may stand in an evaluation; with --suite', rowLimit)
    .option('--max-truncated <n>', 'rows that the length limit may cut; with --model', rowLimit)
    .option('--max-left-out <n>', 'rows that the length limit may leave out; with --model', rowLimit)
    .option('--max-longer-chosen <n>', 'pairs whose chosen response may be the longer one', rowLimit)
    .option('--max-empty-sides <n>', 'rows that may have a side without text', rowLimit)
    .option('--max-identical-sides <n>', 'pairs whose responses may be the same', rowLimit)
    .option('--max-odd-roles <n>', 'conversations whose roles may not alternate', rowLimit)
    .option('--max-template-marks <n>', 'rows that may have marks of a template in their text', rowLimit)
    .action((name: string, options: CheckFlags) => go(commands.check, name, options));
  addVersions(datasets, go);
}

/** Each makes a dataset of its own and leaves the one it is made of as it is. */
function addVersions(datasets: Program, go: Go): void {
  where(datasets.command('leave-out <name>'))
    .description('a version without the rows that are meant; several options narrow each other')
    .action((name: string, options: WhereFlags) => go(commands.leaveOut, name, options));
  where(datasets.command('keep-only <name>'))
    .description('a version of nothing but the rows that are meant')
    .action((name: string, options: WhereFlags) => go(commands.keepOnly, name, options));
  datasets
    .command('sample <name> <rows>')
    .description('a version of so many rows, the same ones for the same seed')
    .requiredOption('--as <name>', 'what the version is called')
    .option('--seed <n>', 'which rows (default: 0)', wholeNumber)
    .action((name: string, rows: string, options: { as: string; seed?: number }) =>
      go(commands.sample, name, wholeNumber(rows), options),
    );
  datasets
    .command('split <name> <share>')
    .description('two versions: a share of the rows, such as 0.9, and the rest; no prompt is in both')
    .requiredOption('--as <name>', 'what the version with the share is called')
    .requiredOption('--rest <name>', 'what the other one is called')
    .option('--seed <n>', 'which prompts go where (default: 0)', wholeNumber)
    .action((name: string, share: string, options: { as: string; rest: string; seed?: number }) =>
      go(commands.split, name, realNumber(share), options),
    );
  datasets
    .command('replay <version>')
    .description('make a version again by its recipe, of its parent or of another dataset; says whether it is the same')
    .requiredOption('--as <name>', 'what the new one is called')
    .option('--on <dataset>', 'what it is made of; its parent by default')
    .action((name: string, options: { as: string; on?: string }) => go(commands.replay, name, options));
  datasets
    .command('history <name>')
    .description('where it came from, what was made of it, and how')
    .action((name: string) => go(commands.history, name));
  datasets
    .command('mark <name> <row...>')
    .description('mark rows, by number or id, for leave-out --marked and keep-only --marked')
    .option('--remove', 'take the marks off')
    .action((name: string, rows: string[], options: { remove?: boolean }) => go(commands.mark, name, rows, options));
}

function where(command: Program): Program {
  return command
    .requiredOption('--as <name>', 'what the version is called')
    .addOption(
      new Option('--finding <finding>', 'what a check found in the row; repeatable, any of them')
        .choices(findings)
        .argParser((value: string, before: Finding[] | undefined) => [...(before ?? []), findingOf(value)]),
    )
    .option('--tag <tag>', 'of the row; repeatable, any of them', collect)
    .option('--search <words>', 'all of these words, in any of its texts')
    .option('--marked', 'rows that were marked')
    .option('--near-flips <comparison>', 'rows whose prompt is near one of the changed samples of a comparison')
    .addOption(new Option('--kind <kind>', 'with --near-flips: of which changes').choices([...flipKinds]))
    .option('--similarity <x>', 'with --near-flips: the share of words in common (default: 0.5)', realNumber);
}

function findingOf(value: string): Finding {
  const known = findings.find((finding) => finding === value);
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${findings.join(', ')}.`);
  return known;
}

function readingOption(): Option {
  return new Option(
    '--as <method>',
    'the training whose reading is meant; by default dpo for pairs, sft for completions, prompts for prompts (sft-all: loss on every token)',
  ).choices(rowReadings);
}
