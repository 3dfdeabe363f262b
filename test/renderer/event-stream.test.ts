import { describe, expect, it } from 'vitest';
import { EventStream } from '../../src-renderer/api/event-stream.ts';
import { FakeBridge } from './fake-bridge.ts';

function follow() {
  const bridge = new FakeBridge();
  const stream = new EventStream(bridge);
  const seen: string[] = [];
  stream.on('changed', ({ lists }) => seen.push(lists.join(',')));
  stream.onResync(() => seen.push('resync'));
  return { bridge, seen };
}

describe('the stream of events', () => {
  it('passes on what comes in order', () => {
    const { bridge, seen } = follow();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    bridge.tell({ topic: 'changed', lists: ['models', 'suites'] });
    expect(seen).toEqual(['runs', 'models,suites']);
  });
  it('takes the first event as it comes: snapshots are read after subscribing', () => {
    const { bridge, seen } = follow();
    bridge.lose();
    bridge.lose();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    expect(seen).toEqual(['runs']);
  });
  it('has snapshots read again when a number was left out', () => {
    const { bridge, seen } = follow();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    bridge.lose();
    bridge.tell({ topic: 'changed', lists: ['models'] });
    expect(seen).toEqual(['runs', 'models', 'resync']);
  });
  it('has snapshots read again when the workbench was restarted', () => {
    const { bridge, seen } = follow();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    bridge.restart();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    expect(seen).toEqual(['runs', 'runs', 'resync']);
  });
  it('has snapshots read again once a lost connection is back, even without an event', () => {
    const { bridge, seen } = follow();
    bridge.setConnection('lost');
    bridge.setConnection('open');
    bridge.setConnection('open');
    expect(seen).toEqual(['resync']);
  });
  it('calls nobody who unsubscribed', () => {
    const bridge = new FakeBridge();
    const stream = new EventStream(bridge);
    const seen: string[] = [];
    stream.on('changed', () => seen.push('changed'))();
    bridge.tell({ topic: 'changed', lists: ['runs'] });
    expect(seen).toEqual([]);
  });
});
