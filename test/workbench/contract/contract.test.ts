import { describe, expect, test, vi } from 'vitest';
import { channels } from '../../../src-main/shared/contract/channels.ts';
import type { ChannelName } from '../../../src-main/shared/contract/channels.ts';
import { createDispatcher } from '../../../src-main/workbench/contract/dispatch.ts';
import type { Handlers } from '../../../src-main/workbench/contract/dispatch.ts';

/** Handlers that must never be reached: a bad input ends before them. */
const unreachable = new Proxy({}, { get: (_, name) => () => Promise.reject(new Error(`${String(name)} was called`)) });
const handle = createDispatcher(unreachable as Handlers);

const badInputs: unknown[] = [{ unexpected: true }, 'a string', 7, [], [{}], { __proto__: null, constructor: 1 }];

describe('the contract', () => {
  // `Object.keys` loses the names' type.
  test.each(Object.keys(channels) as ChannelName[])('%s refuses what does not fit', async (name) => {
    for (const input of badInputs) {
      expect(await handle(name, input)).toMatchObject({ ok: false, error: { code: 'bad-input' } });
    }
  });

  test.each(['', 'runs', 'runs.', 'toString', '__proto__', 'constructor', 'hasOwnProperty', 'runs.list '])(
    'knows no channel “%s”',
    async (name) => {
      expect(await handle(name, {})).toMatchObject({ ok: false, error: { code: 'bad-input' } });
    },
  );

  test('names the field at fault', async () => {
    const result = await handle('runs.metrics', { runId: 'r', points: 3 });
    expect(result).toMatchObject({ ok: false, error: { place: { field: 'points' } } });
  });

  test('reports a defect as an internal error, never as a rejection', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => {});
    const failing = createDispatcher({
      'runs.list': () => Promise.reject(new TypeError('boom')),
    } as unknown as Handlers);
    expect(await failing('runs.list', {})).toEqual({ ok: false, error: { code: 'internal', message: 'boom' } });
    expect(log).toHaveBeenCalledOnce();
    log.mockRestore();
  });
});
