import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { rowReadings } from '../../../shared/domain/data/shown-row.ts';
import type { RowReading } from '../../../shared/domain/data/shown-row.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { collect, rowLimit, wholeNumber } from './values.ts';
import type { RowLimit } from './values.ts';

const commands = {
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
}

function readingOption(): Option {
  return new Option(
    '--as <method>',
    'the training whose reading is meant; by default dpo for pairs, sft for completions, prompts for prompts (sft-all: loss on every token)',
  ).choices(rowReadings);
}
