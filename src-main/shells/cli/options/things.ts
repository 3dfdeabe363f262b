import type { Command as Program } from 'commander';
import { Option } from 'commander';
import { thingKinds } from '../../../shared/domain/things.ts';
import type { ThingKind } from '../../../shared/domain/things.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';

const commands = {
  rename: lazily(async () => (await import('../commands/things.ts')).renameCommand),
  delete: lazily(async () => (await import('../commands/things.ts')).deleteCommand),
  note: lazily(async () => (await import('../commands/things.ts')).noteCommand),
  tag: lazily(async () => (await import('../commands/things.ts')).tagCommand),
  archive: lazily(async () => (await import('../commands/things.ts')).archiveCommand),
};

export interface ThingFlags {
  kind?: ThingKind;
}

/** Commands for anything that has a name: runs, models, datasets, suites, evaluations, comparisons, guard sets, reports. */
export function addThings(program: Program, go: Go): void {
  const kind = () => new Option('--kind <kind>', 'what kind of thing, if several have the name').choices(thingKinds);
  program
    .command('rename <name> <new>')
    .description('rename a run, model, dataset, suite, evaluation, comparison, guard set or report')
    .addOption(kind())
    .action((name: string, now: string, flags: ThingFlags) => go(commands.rename, name, now, flags));
  program
    .command('delete <name>')
    .description('delete it with everything that depends on it; without --yes, only list what that is')
    .addOption(kind())
    .option('--yes', 'delete without asking')
    .action((name: string, flags: ThingFlags & { yes?: boolean }) => go(commands.delete, name, flags));
  program
    .command('note <name> <text>')
    .description('write a note; empty text removes it')
    .addOption(kind())
    .action((name: string, text: string, flags: ThingFlags) => go(commands.note, name, text, flags));
  program
    .command('tag <name> <tag...>')
    .description('add tags, or remove them with --remove')
    .addOption(kind())
    .option('--remove', 'remove these tags')
    .action((name: string, tags: string[], flags: ThingFlags & { remove?: boolean }) =>
      go(commands.tag, name, tags, flags),
    );
  program
    .command('archive <name>')
    .description('hide it from lists; --undo shows it again')
    .addOption(kind())
    .option('--undo', 'show it in lists again')
    .action((name: string, flags: ThingFlags & { undo?: boolean }) => go(commands.archive, name, flags));
}
