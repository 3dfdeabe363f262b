// @vitest-environment happy-dom
import { createPinia, setActivePinia } from 'pinia';
import { effectScope } from 'vue';
import { beforeEach, describe, expect, it } from 'vitest';
import type { ShownEvent } from '../../src-main/shared/domain/trainer-events.ts';
import { advanced, stoppedClock } from '../../src-main/shared/domain/run-clock.ts';
import { connect } from '../../src-renderer/api/client.ts';
import { activityText } from '../../src-renderer/format/run-activity.ts';
import { useRunFeed } from '../../src-renderer/stores/run-feed.ts';
import { FakeBridge, settled } from './fake-bridge.ts';
import { runRecord } from './samples.ts';

function stepEvent(step: number): ShownEvent {
  return {
    type: 'step',
    step,
    epoch: 0,
    metrics: { loss: step / 10 },
    seq: step,
    at: step,
  };
}

let bridge: FakeBridge;
let stored: ShownEvent[];
beforeEach(() => {
  setActivePinia(createPinia());
  stored = [stepEvent(1), stepEvent(2)];
  bridge = new FakeBridge({
    'runs.get': () => runRecord({ lastSeq: stored.at(-1)?.seq ?? 0 }),
    'runs.metrics': () => [
      { name: 'loss', steps: stored.map(({ seq }) => seq), values: stored.map(({ seq }) => seq / 10) },
    ],
    'runs.events': ({ afterSeq, limit }) => stored.filter(({ seq }) => seq > afterSeq).slice(0, limit ?? 500),
    'runs.clock': () => stored.reduce(advanced, stoppedClock),
    'runs.flipMeter': () => ({ state: 'done', value: [] }),
    'checkpoints.list': () => [],
    'jobs.list': () => [],
    'evaluations.list': () => [],
  });
  connect(bridge);
});

async function openFeed() {
  const feed = effectScope().run(() => useRunFeed('run-1'));
  if (feed === undefined) throw new Error('the scope is active');
  await feed.read();
  await settled();
  return feed;
}
const told = (...steps: number[]) =>
  bridge.tell({ topic: 'run-events', runId: 'run-1', events: steps.map((step) => stepEvent(step)) });

describe('the feed of a run', () => {
  it('begins with a snapshot and continues with the tail', async () => {
    const feed = await openFeed();
    expect(feed.curves.value.steps).toEqual([1, 2]);
    told(3, 4);
    expect(feed.curves.value.steps).toEqual([1, 2, 3, 4]);
    expect(feed.curves.value.values.get('loss')).toEqual([0.1, 0.2, 0.3, 0.4]);
  });

  it('counts nothing twice', async () => {
    const feed = await openFeed();
    told(2, 3);
    told(3);
    expect(feed.curves.value.steps).toEqual([1, 2, 3]);
  });

  it('fetches what a gap left out', async () => {
    const feed = await openFeed();
    stored = [1, 2, 3, 4, 5].map(stepEvent);
    told(5);
    await settled();
    expect(feed.curves.value.steps).toEqual([1, 2, 3, 4, 5]);
    told(6);
    expect(feed.curves.value.steps).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('leaves other runs alone', async () => {
    const feed = await openFeed();
    bridge.tell({ topic: 'run-events', runId: 'run-2', events: [stepEvent(3)] });
    expect(feed.curves.value.steps).toEqual([1, 2]);
  });

  it('keeps what is to be read as lines, and reads the meter after an evaluation', async () => {
    const feed = await openFeed();
    const before = bridge.asked('runs.flipMeter').length;
    bridge.tell({
      topic: 'run-events',
      runId: 'run-1',
      events: [
        { type: 'log', level: 'warning', message: 'slow', seq: 3, at: 3 },
        {
          type: 'evaluation-done',
          mark: { suiteId: 's', suiteName: 'words', step: 2 },
          samples: 4,
          decoding: null,
          summary: {},
          seq: 4,
          at: 4,
        },
      ],
    });
    await settled();
    expect(feed.log.value.map(({ type }) => type)).toEqual(['log', 'evaluation-done']);
    expect(bridge.asked('runs.flipMeter').length).toBe(before + 1);
  });

  it('follows the record', async () => {
    const feed = await openFeed();
    bridge.tell({ topic: 'run', run: runRecord({ status: 'paused' }) });
    expect(feed.run.value?.status).toBe('paused');
  });

  it('has step and activity from the events, ahead of the record', async () => {
    const feed = await openFeed();
    const mark = { suiteId: 's', suiteName: 'words', step: 7 };
    bridge.tell({
      topic: 'run-events',
      runId: 'run-1',
      events: [
        { ...stepEvent(7), seq: 3 },
        { type: 'evaluation-started', mark, items: 9, seq: 4, at: 8 },
      ],
    });
    expect([feed.run.value?.step, feed.step.value, activityText(feed.activity.value)]).toEqual([
      0,
      7,
      'evaluating next words',
    ]);
  });

  it('puts steps that come while a long tail is drawn together behind the answer', async () => {
    const feed = await openFeed();
    const many = Array.from({ length: 4001 }, (_, i) => i + 3);
    let answer: () => void = () => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    bridge.handlers['runs.metrics'] = async () => {
      await asked;
      return [{ name: 'loss', steps: [1, 2000, 4003], values: [0.1, 200, 400.3] }];
    };
    const before = bridge.asked('runs.metrics').length;
    told(...many);
    told(4004);
    told(4005);
    answer();
    await settled();
    expect(bridge.asked('runs.metrics').length).toBe(before + 1);
    expect(feed.curves.value.steps).toEqual([1, 2000, 4003, 4004, 4005]);
  });

  it('reads all of it again when events were missed', async () => {
    const feed = await openFeed();
    told(3);
    stored = [1, 2, 3, 4, 5, 6].map(stepEvent);
    bridge.lose();
    bridge.tell({ topic: 'changed', lists: ['models'] });
    await settled();
    expect(feed.curves.value.steps).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
