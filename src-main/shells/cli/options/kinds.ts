import type { Command as Program } from 'commander';
import { lazily } from './go.ts';
import type { Go } from './go.ts';

const commands = {
  list: lazily(async () => (await import('../commands/kinds.ts')).listKindsCommand),
  add: lazily(async () => (await import('../commands/kinds.ts')).addKindCommand),
  remove: lazily(async () => (await import('../commands/kinds.ts')).removeKindCommand),
  refusals: lazily(async () => (await import('../commands/kinds.ts')).refusalsCommand),
  test: lazily(async () => (await import('../commands/kinds.ts')).testKindsCommand),
};

export interface AddKindFlags {
  pattern?: string;
  program?: string;
  folder?: string;
}
export interface RefusalFlags {
  from?: string;
  builtIn?: boolean;
}

/** Rules of kinds of change that a workspace sets. */
export function addKinds(program: Program, go: Go): void {
  const kinds = program
    .command('kinds')
    .description('set how kinds of change are told: kinds of your own, patterns of refusals');
  kinds
    .command('list')
    .description('list the kinds of your own, and by which patterns refusals are known')
    .action(() => go(commands.list));
  kinds
    .command('add <name>')
    .description(
      'add a kind of your own, or change it: answers in which a pattern is found, or of which a program says so',
    )
    .option('--pattern <regex>', 'regular expression; case does not count')
    .option('--program <command>', 'program that judges each answer, as command scorers do, e.g. "python rude.py"')
    .option('--folder <dir>', 'with --program: where it is started (default: the current folder)')
    .action((name: string, flags: AddKindFlags) => go(commands.add, name, flags));
  kinds
    .command('remove <name>')
    .description('remove a kind of your own')
    .action((name: string) => go(commands.remove, name));
  kinds
    .command('refusals')
    .description('print the patterns by which refusals are known, or replace them')
    .option('--from <file>', 'patterns of a file, one per line, in place of those of the program')
    .option('--built-in', 'those of the program again')
    .action((flags: RefusalFlags) => go(commands.refusals, flags));
  kinds
    .command('test <text>')
    .description('say which of these rules find something in a text')
    .action((text: string) => go(commands.test, text));
}
