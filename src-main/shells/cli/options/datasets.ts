import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { rowReadings } from '../../../shared/domain/data/shown-row.ts';
import type { RowReading } from '../../../shared/domain/data/shown-row.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { wholeNumber } from './values.ts';

const commands = {
  show: lazily(async () => (await import('../commands/dataset-show.ts')).showRowCommand),
};

export interface ShowFlags {
  model: string;
  maxLength?: number;
  as?: RowReading;
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
}

function readingOption(): Option {
  return new Option(
    '--as <method>',
    'the training whose reading is meant; by default dpo for pairs, sft for completions, prompts for prompts (sft-all: loss on every token)',
  ).choices(rowReadings);
}
