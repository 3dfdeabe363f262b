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
  margins?: boolean;
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
    .description('show a row, by number (from 1) or id, token by token as training reads it')
    .requiredOption('--model <model>', 'model or RUN@STEP whose tokenizer and chat template to use')
    .option('--max-length <n>', 'longest sequence in tokens (default: 512)', wholeNumber)
    .addOption(readingOption())
    .action((name: string, row: string, options: ShowFlags) => go(commands.show, name, row, options));
  datasets
    .command('check <name>')
    .description(
      'check a dataset for duplicates, contradictions, lengths, truncation and overlap with evaluations; exit 1 if a limit is exceeded',
    )
    .option('--model <model>', 'measure lengths in tokens of this model or RUN@STEP')
    .option('--max-length <n>', 'with --model: longest sequence in tokens (default: 512)', wholeNumber)
    .option(
      '--margins',
      'with --model: which pairs are right already under it, and which are likely mislabelled; a run’s reference log-probs are reused',
    )
    .option('--suite <name>', 'suite or evaluation to look for overlaps in; repeatable', collect)
    .addOption(readingOption())
    .option(
      '--max-duplicates <n>',
      'limit on exact duplicates; like the other limits a count or a share: 10, or 0.5%',
      rowLimit,
    )
    .option('--max-near-duplicates <n>', 'limit on near duplicates', rowLimit)
    .option('--max-contradictions <n>', 'limit on prompts with contradicting preferences', rowLimit)
    .option('--max-overlaps <n>', 'limit on rows that overlap with an evaluation; needs --suite', rowLimit)
    .option('--max-truncated <n>', 'limit on rows cut off at the maximum length; needs --model', rowLimit)
    .option('--max-left-out <n>', 'limit on rows left out for their length; needs --model', rowLimit)
    .option('--max-longer-chosen <n>', 'limit on pairs whose chosen response is the longer one', rowLimit)
    .option('--max-empty-sides <n>', 'limit on rows with an empty side', rowLimit)
    .option('--max-identical-sides <n>', 'limit on pairs with identical responses', rowLimit)
    .option('--max-odd-roles <n>', 'limit on conversations whose roles do not alternate', rowLimit)
    .option('--max-template-marks <n>', 'limit on rows with chat template tokens in their text', rowLimit)
    .action((name: string, options: CheckFlags) => go(commands.check, name, options));
  addVersions(datasets, go);
}

/** Each makes a dataset of its own and leaves the one it is made of as it is. */
function addVersions(datasets: Program, go: Go): void {
  where(datasets.command('leave-out <name>'))
    .description('make a version without the selected rows; each further option narrows the selection')
    .action((name: string, options: WhereFlags) => go(commands.leaveOut, name, options));
  where(datasets.command('keep-only <name>'))
    .description('make a version with only the selected rows')
    .action((name: string, options: WhereFlags) => go(commands.keepOnly, name, options));
  datasets
    .command('sample <name> <rows>')
    .description('make a version with a random sample of rows; the same seed gives the same rows')
    .requiredOption('--as <name>', 'name of the new version')
    .option('--seed <n>', 'random seed (default: 0)', wholeNumber)
    .action((name: string, rows: string, options: { as: string; seed?: number }) =>
      go(commands.sample, name, wholeNumber(rows), options),
    );
  datasets
    .command('split <name> <share>')
    .description('split into two versions, such as 0.9 and the rest, with no prompt in both')
    .requiredOption('--as <name>', 'name of the version with the share')
    .requiredOption('--rest <name>', 'name of the version with the rest')
    .option('--seed <n>', 'random seed (default: 0)', wholeNumber)
    .action((name: string, share: string, options: { as: string; rest: string; seed?: number }) =>
      go(commands.split, name, realNumber(share), options),
    );
  datasets
    .command('replay <version>')
    .description('rebuild a version from its recipe, on its parent or another dataset, and say whether it is identical')
    .requiredOption('--as <name>', 'name of the new version')
    .option('--on <dataset>', 'dataset to build from (default: its parent)')
    .action((name: string, options: { as: string; on?: string }) => go(commands.replay, name, options));
  datasets
    .command('history <name>')
    .description('show where a dataset came from and which versions were made of it')
    .action((name: string) => go(commands.history, name));
  datasets
    .command('mark <name> <row...>')
    .description('mark rows, by number or id, for leave-out --marked and keep-only --marked')
    .option('--remove', 'remove the marks')
    .action((name: string, rows: string[], options: { remove?: boolean }) => go(commands.mark, name, rows, options));
}

function where(command: Program): Program {
  return command
    .requiredOption('--as <name>', 'name of the new version')
    .addOption(
      new Option('--finding <finding>', 'rows with this finding of the check; repeatable (any of them)')
        .choices(findings)
        .argParser((value: string, before: Finding[] | undefined) => [...(before ?? []), findingOf(value)]),
    )
    .option('--tag <tag>', 'rows with this tag; repeatable (any of them)', collect)
    .option('--search <words>', 'rows that contain all of these words')
    .option('--marked', 'marked rows')
    .option('--near-flips <comparison>', 'rows with a prompt similar to a changed sample of this comparison')
    .addOption(new Option('--kind <kind>', 'with --near-flips: which changes to look at').choices([...flipKinds]))
    .option('--similarity <x>', 'with --near-flips: smallest share of words in common (default: 0.5)', realNumber);
}

function findingOf(value: string): Finding {
  const known = findings.find((finding) => finding === value);
  if (known === undefined) throw new InvalidArgumentError(`Allowed choices are ${findings.join(', ')}.`);
  return known;
}

function readingOption(): Option {
  return new Option(
    '--as <method>',
    'training method whose view to show (default: dpo for pairs, sft for completions, prompts for prompts; sft-all: loss on every token)',
  ).choices(rowReadings);
}
