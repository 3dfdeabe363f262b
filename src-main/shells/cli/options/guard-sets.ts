import type { Command as Program } from 'commander';
import type { FlipChoice } from './comparisons.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { kindOption, ruleOption, suiteOption, whereOption } from './pairs.ts';

const commands = {
  create: lazily(async () => (await import('../commands/guard-set.ts')).createGuardSet),
  show: lazily(async () => (await import('../commands/guard-set.ts')).showGuardSet),
  ledger: lazily(async () => (await import('../commands/guard-set.ts')).guardSetLedger),
};

export interface GuardSetFlags extends FlipChoice {
  note?: string;
}

export function addGuardSets(program: Program, go: Go): void {
  const sets = program.command('guard-set').description('samples that a relaunch holds to their old answers');
  sets
    .command('create <name> <left> <right>')
    .description('make a guard set from the samples that changed from LEFT to RIGHT')
    .addOption(ruleOption())
    .option(...suiteOption)
    .addOption(kindOption())
    .option(...whereOption)
    .option('--slice <name>', 'only this slice')
    .option('--search <text>', 'only samples with this text in a prompt or output')
    .option('--note <text>', 'a note on why these were chosen')
    .action((name: string, left: string, right: string, options: GuardSetFlags) =>
      go(commands.create, name, left, right, options),
    );
  sets
    .command('show <name>')
    .description('list its samples and their reference answers')
    .action((name: string) => go(commands.show, name));
  sets
    .command('ledger <name> <run>')
    .description('show what became of its samples in RUN: repaired, still broken, newly broken')
    .action((name: string, run: string) => go(commands.ledger, name, run));
}
