// Faults put into the whole workbench, seeded and counted: `npm run test:faults`. Real programs on real files: they are killed, lose
// power, find the disk full or read-only, have too few descriptors or too little memory, and meet each other. Whatever happens,
// nothing that was there is lost, and what was under way continues as if nothing had happened.
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { Material } from './journeys.ts';
import type { Trial } from './kills.ts';
import { partNames, partsOf } from './parts.ts';
import type { Part } from './parts.ts';

export interface Tally {
  name: string;
  tried: number;
  recovered: number;
  lost: string[];
  /** What this machine cannot do. */
  skipped: number;
}

/** Makes the trials of a part, some at a time. */
export async function make(
  { name, trials }: Part,
  atOnce: number,
  tell: (trial: Trial) => void = () => {},
): Promise<Tally> {
  const tally: Tally = { name, tried: 0, recovered: 0, lost: [], skipped: 0 };
  const waiting = [...trials];
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const trial = await next();
      if (trial === null) {
        tally.skipped += 1;
        continue;
      }
      tally.tried += 1;
      if (trial.losses.length === 0) tally.recovered += 1;
      else tally.lost.push(`${trial.what}: ${trial.losses.join('; ')}`);
      tell(trial);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return tally;
}

/** Some of a part, drawn by a seed. */
export function someOf({ name, trials }: Part, count: number, seed: number): Part {
  const random = new SeededRandom(seed);
  const rest = [...trials];
  const drawn = Array.from({ length: Math.min(count, rest.length) }, () =>
    rest.splice(Math.floor(random.next() * rest.length), 1),
  ).flat();
  return { name, trials: drawn };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seed: { type: 'string', default: '1' },
      kills: { type: 'string', default: '200' },
      /** At most so many per part and journey. */
      most: { type: 'string', default: 'Infinity' },
      'at-once': { type: 'string', default: '2' },
    },
  });
  const chosen = positionals.length === 0 ? partNames : partNames.filter((name) => positionals.includes(name));
  const [seed, most] = [Number(values.seed), Number(values.most)];
  const material = await Material.make();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1));
  process.once('exit', () => material.remove());
  const sum = { tried: 0, recovered: 0, lost: 0 };
  try {
    for (const part of chosen) {
      for (const one of await partsOf(part, material, { seed, kills: Number(values.kills) })) {
        const tally = await make(someOf(one, most, seed), Number(values['at-once']), tellTrial);
        process.stdout.write(lineOf(tally));
        sum.tried += tally.tried;
        sum.recovered += tally.recovered;
        sum.lost += tally.lost.length;
      }
    }
    process.stdout.write(lineOf({ ...sum, name: 'all', lost: Array.from({ length: sum.lost }, () => ''), skipped: 0 }));
    process.exitCode = sum.lost === 0 ? 0 : 1;
  } finally {
    material.remove();
  }
}

function tellTrial({ what, losses }: Trial): void {
  const more = losses.map((loss) => `     ${loss}\n`).join('');
  process.stderr.write(`${losses.length === 0 ? 'ok  ' : 'LOST'} ${what}\n${more}`);
}

function lineOf({ name, tried, recovered, lost, skipped }: Tally): string {
  const more = skipped === 0 ? '' : `, skipped ${skipped} (only administrators mount file systems)`;
  return `${name.padEnd(20)} tried ${tried}, recovered ${recovered}, lost ${lost.length}${more}\n`;
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) await main();
