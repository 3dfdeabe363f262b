import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { OwnProgram, ProgramFindings } from '../../shared/domain/kinds/own-kinds.ts';
import { commandText } from '../../shared/domain/programs.ts';
import type { Store } from '../../store/api.ts';
import { openLineProgram } from '../../system/line-program.ts';
import type { LineOutcome, LineProgram, ProgramLine } from '../../system/line-program.ts';
import { requireAllowedProgram } from '../../system/programs.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';

/**
 * Asks the programs of own kinds about both answers of every pair whose answers differ. The settings are part of the workspace and
 * may have come with it: a program runs only where the person of this machine allowed it.
 */
export async function askOwnPrograms(
  store: Store,
  comparisonId: string,
  programs: readonly OwnProgram[],
  task: Task,
): Promise<ProgramFindings[]> {
  for (const { name, ...program } of programs)
    requireAllowedProgram({ kind: 'command', ...program }, `The own kind “${name}”`);
  const found: ProgramFindings[] = [];
  for (const [index, program] of programs.entries()) {
    const progress = (fraction: number): void =>
      task.progress(`asking ${commandText(program)}`, (index + fraction) / programs.length);
    found.push(await askProgram(store, comparisonId, program, task, progress));
  }
  return found;
}

async function askProgram(
  store: Store,
  comparisonId: string,
  { name, ...program }: OwnProgram,
  task: Task,
  progress: (fraction: number) => void,
): Promise<ProgramFindings> {
  const opened = openLineProgram({ kind: 'command', ...program }, { signal: task.signal });
  const holds = new Map<number, number>();
  const total = Math.max(1, (await store.flipVectors(comparisonId, {})).kinds.length);
  let seen = 0;
  try {
    await store.streamFlips(comparisonId, {}, { column: 'sampleId', direction: 'ascending' }, async (rows) => {
      throwIfCancelled(task);
      const asked = rows.flatMap(({ sampleKey, prompt, target, leftOutput, rightOutput, slices }) => {
        if (leftOutput === null || rightOutput === null || leftOutput === rightOutput) return [];
        const shared = { prompt, ...(target === null ? {} : { target }), slices };
        return [
          { sampleKey, bit: 1, line: { id: `${sampleKey} old`, output: leftOutput, ...shared } },
          { sampleKey, bit: 2, line: { id: `${sampleKey} new`, output: rightOutput, ...shared } },
        ];
      });
      const outcomes = await answersOf(
        opened,
        name,
        asked.map(({ line }) => line),
      );
      asked.forEach(({ sampleKey, bit }, i) => {
        if (outcomes[i] === true) holds.set(sampleKey, (holds.get(sampleKey) ?? 0) | bit);
      });
      seen += rows.length;
      progress(seen / total);
    });
  } finally {
    await opened.close();
  }
  const keys = [...holds.keys()].sort((a, b) => a - b);
  return { name, sampleKeys: Int32Array.from(keys), holds: Uint8Array.from(keys, (key) => holds.get(key) ?? 0) };
}

/** Of each line whether the kind holds; a line without an answer ends it, since a kind that is half known would be counted as whole. */
async function answersOf(opened: LineProgram, name: string, lines: readonly ProgramLine[]): Promise<boolean[]> {
  const outcomes = await opened.ask(lines);
  const faults = outcomes.flatMap((outcome) => ('fault' in outcome ? [outcome.fault] : []));
  const [first] = faults;
  if (first === undefined) return outcomes.map(isHeld);
  throw new WorkbenchError(
    'bad-input',
    `The program of the own kind “${name}” gave no answer to ${faults.length} of ${lines.length} texts. ${first}`,
    { remedy: 'Mend the program, or remove the kind (Settings, or flipguard kinds remove).' },
  );
}

/** `correct` says it; without it a score above 0 does. */
function isHeld(outcome: LineOutcome): boolean {
  if ('fault' in outcome) return false;
  const { correct, score } = outcome.answer;
  return correct === null ? (score ?? 0) > 0 : correct === true;
}
