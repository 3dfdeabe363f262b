import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { WorkbenchError } from '../../src-main/shared/domain/errors.ts';
import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { fuzzKinds } from './kinds.ts';
import { mutate } from './mutate.ts';

/** Tries mutations of one kind and tells of each before it is tried, so that the parent knows which one ended this process. */
const { kind, from, count, seed, folder } = JSON.parse(process.argv[2] ?? '{}') as {
  kind: string;
  from: number;
  count: number;
  seed: number;
  folder: string;
};
const chosen = fuzzKinds[kind];
if (chosen === undefined) throw new Error(`there is no kind ${kind}`);
const tell = (report: object): Promise<void> =>
  new Promise((resolve) => process.send?.(report, undefined, undefined, () => resolve()) ?? resolve());

// As in the process that reads imports: of several columns that fail at once, the first one is the answer.
process.on('unhandledRejection', () => {});
const original = await chosen.make(folder);
for (let at = from; at < count; at += 1) {
  const random = new SeededRandom(seed * 1_000_003 + at);
  const file = path.join(folder, `mutation-${process.pid}${chosen.ending}`);
  writeFileSync(file, mutate(original, random));
  await tell({ at, file });
  try {
    await chosen.read(file);
    await tell({ answered: 1 });
  } catch (error) {
    if (error instanceof WorkbenchError && error.code !== 'internal') await tell({ answered: 1 });
    else
      await tell({ thrown: error instanceof Error ? `${error.name}: ${error.message.slice(0, 200)}` : String(error) });
  }
}
await tell({ done: true });
process.exit();
