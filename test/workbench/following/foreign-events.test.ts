import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { readForeignEvents } from '../../../src-main/workbench/following/foreign-events.ts';
import { temporaryFolder } from '../../helpers/workbench.ts';

test('events come in pages beyond what was taken, up to a line that is none', async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, 'events.ndjson');
  const event = (seq: number) => JSON.stringify({ seq, at: 9, type: 'log', level: 'info', message: String(seq) });
  writeFileSync(file, [...[1, 2, 3, 4, 5, 6].map(event), 'torn', event(7), ''].join('\n'));

  const pages = [];
  let place = { line: 0, byte: 0 };
  for await (const { events, taken, damagedLine, next } of readForeignEvents(file, {
    after: 1,
    from: { line: 0, byte: 0 },
    folder,
    most: 2,
  })) {
    place = next;
    pages.push({ said: events.map((one) => (one.type === 'log' ? one.message : one.type)), taken, damagedLine });
  }
  expect(pages).toEqual([
    { said: ['2', '3'], taken: 3, damagedLine: null },
    { said: ['4', '5'], taken: 5, damagedLine: null },
    { said: ['6'], taken: 6, damagedLine: 7 },
  ]);
  // Looked at again, it is read from there on, and lines keep their numbers.
  expect(place).toEqual({ line: 6, byte: 6 * (event(1).length + 1) });
  for await (const page of readForeignEvents(file, { after: 6, from: place, folder, most: 2 }))
    expect(page).toEqual({ events: [], taken: 6, next: place, damagedLine: 7 });
});
