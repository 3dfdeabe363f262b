import { SeededRandom } from '../../src-main/shared/domain/statistics/random.ts';
import { tryFullDisk, tryReadingOnFullDisk } from './full-disk.ts';
import { hindrances, tryHindrance, tryReadOnly } from './hindrances.ts';
import { journeyNames } from './journeys.ts';
import type { JourneyName, Material } from './journeys.ts';
import { tryKill } from './kills.ts';
import type { Trial } from './kills.ts';
import { outagesOf, tryPowerCut } from './power-cuts.ts';
import { referenceOf } from './reference.ts';
import type { Reference } from './reference.ts';
import { tryTogether } from './together.ts';

export const partNames = ['kill', 'power', 'disk', 'limits', 'together'] as const;
export type PartName = (typeof partNames)[number];

/** A trial that waits to be made; null where this machine cannot make it. */
export type Waiting = () => Promise<Trial | null>;

export interface Part {
  name: string;
  trials: Waiting[];
}

export interface PartOptions {
  seed: number;
  /** Kills in all. */
  kills: number;
}

/** Training has the most to lose. */
const share: Record<JourneyName, number> = { import: 0.15, compare: 0.1, train: 0.45, evaluate: 0.2, report: 0.1 };

/** The trials of one part, journey by journey, or of one journey; each has its own seed, so that a few of them are the same as in all. */
export async function partsOf(
  part: PartName,
  material: Material,
  options: PartOptions,
  journeys: readonly JourneyName[] = journeyNames,
): Promise<Part[]> {
  if (part === 'together') return [{ name: 'together', trials: [() => tryTogether(material)] }];
  const parts: Part[] = [];
  for (const journey of journeys) {
    parts.push({ name: `${part} in ${journey}`, trials: await trialsOf(part, material, journey, options) });
  }
  if (part === 'disk') parts.push({ name: 'disk full, reading', trials: [() => tryReadingOnFullDisk(material)] });
  return parts;
}

async function trialsOf(
  part: Exclude<PartName, 'together'>,
  material: Material,
  journey: JourneyName,
  { seed, kills }: PartOptions,
): Promise<Waiting[]> {
  switch (part) {
    case 'kill': {
      const reference = await cached(material, journey);
      return Array.from({ length: Math.max(1, Math.round(kills * share[journey])) }, (_, i) => {
        const random = new SeededRandom((seed * 1_000_003 + journeyNames.indexOf(journey)) * 1009 + i);
        return () => tryKill(material, reference, random);
      });
    }
    case 'power': {
      const reference = await cached(material, journey);
      return outagesOf(material, reference).map((outage) => () => tryPowerCut(material, reference, outage));
    }
    case 'disk': {
      const reference = await cached(material, journey);
      return reference.points.map(
        ({ from }) =>
          () =>
            tryFullDisk(material, reference, from),
      );
    }
    case 'limits': {
      const reference = await cached(material, journey);
      const limited = hindrances.map((one) => () => tryHindrance(material, reference, one));
      return [...limited, () => tryReadOnly(material, journey)];
    }
  }
}

const references = new Map<string, Promise<Reference>>();

/** Made once per journey. */
function cached(material: Material, journey: JourneyName): Promise<Reference> {
  const key = `${material.folder} ${journey}`;
  const known = references.get(key) ?? referenceOf(material, journey);
  references.set(key, known);
  return known;
}
