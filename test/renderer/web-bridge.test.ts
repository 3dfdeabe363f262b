import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebBridge } from '../../src-renderer/api/web-bridge.ts';
import type { Socket } from '../../src-renderer/api/web-bridge.ts';
import { settled } from './fake-bridge.ts';

class FakeSocket implements Socket {
  readonly sent: { id: number; channel: string; input: unknown }[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: (() => void) | null = null;
  send(text: string): void {
    this.sent.push(JSON.parse(text) as { id: number; channel: string; input: unknown });
  }
  close(): void {
    this.onclose?.();
  }
  answer(value: unknown): void {
    this.onmessage?.({ data: JSON.stringify(value) });
  }
}

let sockets: FakeSocket[];
beforeEach(() => {
  sockets = [];
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => vi.useRealTimers());

function open(): WebBridge {
  return new WebBridge(() => {
    const socket = new FakeSocket();
    sockets.push(socket);
    return socket;
  });
}
const last = () => sockets.at(-1) ?? new FakeSocket();

describe('the web bridge', () => {
  it('holds requests back until it is connected, and matches answers by id', async () => {
    const bridge = open();
    const first = bridge.invoke('runs.list', {});
    const second = bridge.invoke('models.list', {});
    expect(last().sent).toEqual([]);
    last().onopen?.();
    expect(last().sent.map(({ channel }) => channel)).toEqual(['runs.list', 'models.list']);
    last().answer({ id: last().sent[1]?.id, result: { ok: true, value: 'models' } });
    last().answer({ id: last().sent[0]?.id, result: { ok: true, value: 'runs' } });
    expect(await Promise.all([first, second])).toEqual([
      { ok: true, value: 'runs' },
      { ok: true, value: 'models' },
    ]);
  });

  it('answers what was under way with “unavailable” when the connection breaks, and sends it only once', async () => {
    const bridge = open();
    last().onopen?.();
    const asked = bridge.invoke('runs.launch', {});
    last().close();
    expect(await asked).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    vi.advanceTimersByTime(250);
    last().onopen?.();
    expect(sockets.length).toBe(2);
    expect(last().sent).toEqual([]);
  });

  it('tries again more and more seldom, and says how it fares', async () => {
    const bridge = open();
    const states: string[] = [];
    bridge.onConnection((state) => states.push(state));
    last().onopen?.();
    last().close();
    vi.advanceTimersByTime(249);
    expect(sockets.length).toBe(1);
    vi.advanceTimersByTime(1);
    expect(sockets.length).toBe(2);
    last().close();
    vi.advanceTimersByTime(499);
    expect(sockets.length).toBe(2);
    vi.advanceTimersByTime(1);
    last().onopen?.();
    await settled();
    expect(states).toEqual(['connecting', 'open', 'lost', 'open']);
  });

  it('tries at once when asked to', () => {
    const bridge = open();
    last().onopen?.();
    bridge.reconnect();
    expect(sockets.length).toBe(1);
    last().close();
    bridge.reconnect();
    expect(sockets.length).toBe(2);
    vi.advanceTimersByTime(10_000);
    expect(sockets.length).toBe(2);
  });

  it('sends what was asked while there was no connection once there is one', async () => {
    const bridge = open();
    last().onopen?.();
    last().close();
    const asked = bridge.invoke('runs.list', {});
    vi.advanceTimersByTime(250);
    last().onopen?.();
    last().answer({ id: last().sent[0]?.id, result: { ok: true, value: [] } });
    expect(await asked).toEqual({ ok: true, value: [] });
  });

  it('says when the workbench answers but knows this browser no more, and continues trying', async () => {
    const bridge = new WebBridge(
      () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      () => Promise.resolve(true),
    );
    const states: string[] = [];
    bridge.onConnection((state) => states.push(state));
    last().onopen?.();
    last().close();
    vi.advanceTimersByTime(250);
    last().close();
    await settled();
    expect(states).toEqual(['connecting', 'open', 'lost', 'refused']);
    vi.advanceTimersByTime(500);
    last().onopen?.();
    expect(states.at(-1)).toBe('open');
  });

  it('passes events on', () => {
    const bridge = open();
    const seen: unknown[] = [];
    bridge.subscribe((event) => seen.push(event));
    last().onopen?.();
    last().answer({ event: { topic: 'changed', lists: ['runs'], seq: 1, epoch: 'e' } });
    expect(seen).toEqual([{ topic: 'changed', lists: ['runs'], seq: 1, epoch: 'e' }]);
  });
});
