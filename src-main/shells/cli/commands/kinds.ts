import { readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { KindRulesView } from '../../../shared/domain/kinds/kind-rules-view.ts';
import type { KindSettings, OwnProgram } from '../../../shared/domain/kinds/own-kinds.ts';
import { commandText, splitWords } from '../../../shared/domain/programs.ts';
import { plural } from '../../../shared/presentation/words.ts';
import { rememberProgram } from '../../../system/programs.ts';
import { kindRulesView, saveKindRules, tryKindRules } from '../../../workbench/comparing/kind-settings.ts';
import type { CommandContext } from '../context.ts';
import type { AddKindFlags, RefusalFlags } from '../options/kinds.ts';
import { plain, table } from '../terminal.ts';

/** The rules of kinds that a workspace sets. */
export async function listKindsCommand({ terminal, workbench }: CommandContext): Promise<void> {
  const { core } = await workbench();
  const view = await kindRulesView(core);
  const { own, refusals } = view.settings;
  terminal.document({ version: view.version, found: view.found, older: view.older, refusals, own });
  const patterns = refusals === null ? `the ${view.builtIn.length} of the program` : `${refusals.length} of your own`;
  terminal.print(
    [
      `Patterns of refusals: ${patterns}. Rules of version ${view.version}; ${foundWords(view)}.`,
      own.length === 0
        ? 'No kinds of your own. flipguard kinds add NAME --pattern REGEX adds one.'
        : table(
            ['Own kind', 'Holds where'],
            own.map((one) => [
              one.name,
              plain('pattern' in one ? `/${one.pattern}/ is found` : `${commandText(one)} says so`),
            ]),
          ),
    ].join('\n'),
  );
}

/** Adds a kind, or puts another rule in place of its own. */
export async function addKindCommand(
  { terminal, workbench }: CommandContext,
  name: string,
  { pattern, program, folder }: AddKindFlags,
): Promise<void> {
  if ((pattern === undefined) === (program === undefined)) {
    throw new WorkbenchError('bad-input', 'A kind needs a pattern or a program, and not both.', {
      remedy: 'Give --pattern REGEX, or --program "python rude.py".',
      place: { field: 'pattern' },
    });
  }
  const { core } = await workbench();
  const { settings } = await kindRulesView(core);
  const named: OwnProgram | null =
    program === undefined ? null : { name, command: splitWords(program), folder: folder ?? process.cwd() };
  const one = named ?? { name, pattern: pattern ?? '' };
  const isKnown = settings.own.some((other) => other.name === name);
  const own = isKnown ? settings.own.map((other) => (other.name === name ? one : other)) : [...settings.own, one];
  const again = named === null ? {} : { again: (settings.again ?? 0) + 1 };
  await saveKindRules(core, { ...settings, own, ...again });
  // Named here, by the person of this machine: it may run from now on.
  if (named !== null) rememberProgram(named);
  terminal.document(one);
  terminal.print(
    `${isKnown ? 'Changed' : 'Added'} “${plain(name)}”. Kinds are found again where a comparison is looked at.`,
  );
}

export async function removeKindCommand({ terminal, workbench }: CommandContext, name: string): Promise<void> {
  const { core } = await workbench();
  const { settings } = await kindRulesView(core);
  const own = settings.own.filter((one) => one.name !== name);
  if (own.length === settings.own.length) {
    throw new WorkbenchError('not-found', `There is no kind of your own called “${name}”.`, {
      remedy: `There are ${settings.own.length === 0 ? 'none' : settings.own.map((one) => one.name).join(', ')}.`,
    });
  }
  await saveKindRules(core, { ...settings, own });
  terminal.document({ removed: name });
  terminal.print(`Removed “${plain(name)}”.`);
}

/** Another list of patterns by which refusals are known, one per line, or the program’s own again. */
export async function refusalsCommand({ terminal, workbench }: CommandContext, flags: RefusalFlags): Promise<void> {
  const { core } = await workbench();
  const { settings, builtIn } = await kindRulesView(core);
  const { from, builtIn: reset = false } = flags;
  if (from === undefined && !reset) {
    const shown = settings.refusals ?? builtIn;
    terminal.document({ builtIn: settings.refusals === null, patterns: shown });
    terminal.print(shown.map(plain).join('\n'));
    return;
  }
  const refusals = reset ? null : linesOf(await fileText(from ?? ''));
  await saveKindRules(core, { ...settings, refusals });
  terminal.document({ builtIn: reset, patterns: refusals ?? builtIn });
  terminal.print(
    reset
      ? 'Refusals are known by the program’s own patterns again.'
      : `Refusals are known by ${plural(refusals?.length ?? 0, 'pattern')} of ${plain(from ?? '')}.`,
  );
}

/** Which rules find something in a text. */
export async function testKindsCommand({ terminal, workbench }: CommandContext, text: string): Promise<void> {
  const { core } = await workbench();
  const { settings } = await kindRulesView(core);
  const trial = tryKindRules(settings, text);
  terminal.document(trial);
  const found = [...(trial.refusal === null ? [] : [{ name: 'refusal', span: trial.refusal }]), ...trial.own];
  terminal.print(
    found.length === 0
      ? 'Neither a refusal nor a kind of your own.'
      : found.map(({ name, span }) => `${name}: ${plain(text.slice(span.from, span.to))}`).join('\n'),
  );
}

function foundWords({ found, older }: KindRulesView): string {
  const again = older === 0 ? '' : `, of ${older} by earlier ones (found again where they are looked at)`;
  return `kinds of ${plural(found, 'comparison')} were found by these rules${again}`;
}

async function fileText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((cause: unknown) => {
    throw new WorkbenchError('bad-input', `${file} cannot be read.`, {
      remedy: 'Name a text file with a pattern on each line.',
      place: { file },
      cause,
    });
  });
}

/** A line that begins with # is a remark. */
function linesOf(text: string): KindSettings['refusals'] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
}
