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
  const kind = () => new Option('--kind <kind>', 'where several things have the name').choices(thingKinds);
  program
    .command('rename <name> <new>')
    .description('give a run, model, dataset, suite, evaluation, comparison, guard set or report another name')
    .addOption(kind())
    .action((name: string, now: string, flags: ThingFlags) => go(commands.rename, name, now, flags));
  program
    .command('delete <name>')
    .description('delete it with everything that hangs on it; without --yes, say what that is')
    .addOption(kind())
    .option('--yes', 'delete without asking')
    .action((name: string, flags: ThingFlags & { yes?: boolean }) => go(commands.delete, name, flags));
  program
    .command('note <name> <text>')
    .description('write a note; an empty text removes it')
    .addOption(kind())
    .action((name: string, text: string, flags: ThingFlags) => go(commands.note, name, text, flags));
  program
    .command('tag <name> <tag...>')
    .description('add tags; --remove takes them off')
    .addOption(kind())
    .option('--remove', 'take these tags off')
    .action((name: string, tags: string[], flags: ThingFlags & { remove?: boolean }) =>
      go(commands.tag, name, tags, flags),
    );
  program
    .command('archive <name>')
    .description('leave it out of the lists; --undo brings it back')
    .addOption(kind())
    .option('--undo', 'bring it back')
    .action((name: string, flags: ThingFlags & { undo?: boolean }) => go(commands.archive, name, flags));
}
