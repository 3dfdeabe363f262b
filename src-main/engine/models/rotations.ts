import type { LayerAttention } from './architecture.ts';
import type { DecoderCache } from './kv-cache.ts';
import { dependsOnLength, type Rotary, RotaryTables, switchPosition, type RotaryTable } from './rotary.ts';

/** The rotations of a model's layers: one table for each that differs. */
export class Rotations {
  readonly #tables = new Map<string, RotaryTables>();
  /** Sequence lengths beyond which keys that were rotated before are no longer valid. */
  readonly #switches: readonly number[];
  /** Whether a pass has to know how long each row is. */
  readonly tracksRows: boolean;

  constructor(layers: readonly LayerAttention[], expectedTime: number) {
    const rotaries = layers.flatMap(({ rotary }) => (rotary === null ? [] : [rotary]));
    for (const rotary of rotaries) {
      if (!this.#tables.has(keyOf(rotary))) this.#tables.set(keyOf(rotary), new RotaryTables(rotary, expectedTime));
    }
    this.#switches = rotaries.flatMap((rotary) => switchPosition(rotary) ?? []);
    this.tracksRows = rotaries.some(dependsOnLength);
  }

  /** Tables for whole rows of these lengths, padded to `time`. */
  forRows(lengths: readonly number[], time: number): (layer: LayerAttention) => RotaryTable | null {
    return this.#each((tables) => tables.forRows(lengths, time));
  }

  /** Every distinct rotation, by name: cosines and sines of places, [places, dim/2] each. */
  atPlaces(positions: Int32Array, lengths: Int32Array): Map<string, { cos: Float32Array; sin: Float32Array }> {
    return new Map([...this.#tables].map(([name, tables]) => [name, tables.atPlaces(positions, lengths)]));
  }

  /** What `atPlaces` calls a layer's rotation; null where nothing is rotated. */
  nameOf({ rotary }: LayerAttention): string | null {
    return rotary === null ? null : keyOf(rotary);
  }

  /** Tables for the next `time` positions of what a cache holds. */
  cached(cache: DecoderCache, time: number): (layer: LayerAttention) => RotaryTable | null {
    const lengths = cache.rowLengths(time);
    if (cache.length === 0 && cache.leftPadding === null) return this.forRows(lengths, time);
    const positions = cache.positions(time);
    return this.#each((tables) => tables.at(positions, cache.length + time, lengths));
  }

  /**
   * Whether `time` more positions take a row of the cache beyond the length for which its keys were rotated (LongRoPE has one
   * list of factors for short sequences and one for long).
   */
  staleAfter(cache: DecoderCache, time: number): boolean {
    const [before, after] = [cache.rowLengths(0), cache.rowLengths(time)];
    return this.#switches.some((at) => before.some((length, row) => length > 0 && length <= at && after[row]! > at));
  }

  dispose(): void {
    for (const tables of this.#tables.values()) tables.dispose();
  }

  #each(make: (tables: RotaryTables) => RotaryTable): (layer: LayerAttention) => RotaryTable | null {
    const made = new Map<string, RotaryTable>();
    return ({ rotary }) => {
      if (rotary === null) return null;
      const key = keyOf(rotary);
      const table = made.get(key) ?? make(this.#tables.get(key)!);
      made.set(key, table);
      return table;
    };
  }
}

function keyOf(rotary: Rotary): string {
  return JSON.stringify(rotary);
}
