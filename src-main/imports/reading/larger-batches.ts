import type { ImportEntry } from '../types.ts';

/** A batch is a message and a transaction: fewer of them cost less, and none may hold much. */
const wantedRows = 1000;
const mostPieces = 8;

/** The batches of a stream, about 128 KiB of source each, put together. */
export async function* largerBatches(
  batches: AsyncIterable<ImportEntry<object>[]>,
): AsyncGenerator<ImportEntry<object>[]> {
  let held: ImportEntry<object>[] = [];
  let pieces = 0;
  for await (const batch of batches) {
    if (batch.length === 0) continue;
    held = held.length === 0 ? batch : held.concat(batch);
    pieces += 1;
    if (held.length < wantedRows && pieces < mostPieces) continue;
    yield held;
    held = [];
    pieces = 0;
  }
  if (held.length > 0) yield held;
}
