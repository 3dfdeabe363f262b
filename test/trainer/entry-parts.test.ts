import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import * as path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TrainerJob } from '../../src-main/shared/domain/jobs.ts';
import type { TrainerEvent, TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import type { ChildChannel } from '../../src-main/trainer/child-channel.ts';
import { EventFile } from '../../src-main/trainer/event-file.ts';
import { superviseTrainer } from '../../src-main/trainer/host.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { initialCredit, parseCommand, parseReport } from '../../src-main/trainer/messages.ts';
import { openNumberCache } from '../../src-main/trainer/number-cache.ts';
import { Reporter } from '../../src-main/trainer/reporter.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'flipguard-parts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const step = (number: number): TrainerEventBody => ({
  type: 'step',
  step: number,
  epoch: 0,
  metrics: { loss: number },
  tables: {},
});
const batch = (): TrainerEventBody => ({
  type: 'evaluation-batch',
  mark: { suiteId: 's', suiteName: 's', step: 0 },
  results: [],
});
const note: TrainerEventBody = { type: 'log', level: 'info', message: 'here' };

/** Keeps reports as lists of `seq`. */
function listening() {
  const reports: number[][] = [];
  const channel: ChildChannel = {
    send: ({ events }) => {
      reports.push(events.map(({ seq }) => seq));
      return Promise.resolve();
    },
    onCommand: () => {},
    onLost: () => {},
    close: () => {},
  };
  return { reports, channel };
}

describe('the reporter', () => {
  test('steps wait for company; any other event takes them along, in order', async () => {
    const { reports, channel } = listening();
    const reporter = new Reporter(channel, () => 1000);
    await reporter.emit(note);
    for (const number of [1, 2, 3]) await reporter.emit(step(number));
    expect(reports).toEqual([[1]]);
    await reporter.emit(note);
    expect(reports).toEqual([[1], [2, 3, 4, 5]]);
  });

  test('once a tenth of a second has passed, a step goes at once', async () => {
    const { reports, channel } = listening();
    let now = 1000;
    const reporter = new Reporter(channel, () => now);
    await reporter.emit(step(1));
    now += 40;
    await reporter.emit(step(2));
    now += 60;
    await reporter.emit(step(3));
    expect(reports).toEqual([[1], [2, 3]]);
  });

  test('evaluation batches wait for credit', async () => {
    const { reports, channel } = listening();
    const reporter = new Reporter(channel, () => 0);
    for (let i = 0; i < initialCredit; i++) await reporter.emit(batch());
    const waiting = reporter.emit(batch());
    await Promise.resolve();
    expect(reports).toHaveLength(initialCredit);
    reporter.addCredit(1);
    await waiting;
    expect(reports).toHaveLength(initialCredit + 1);
  });

  test('an event is on disk before it is sent', async () => {
    const file = path.join(folder, 'ahead.ndjson');
    let linesWhenSent = 0;
    const { channel } = listening();
    const send: ChildChannel['send'] = () => {
      linesWhenSent = readFileSync(file, 'utf8').trim().split('\n').length;
      return Promise.resolve();
    };
    const reporter = new Reporter({ ...channel, send }, () => 0);
    reporter.writeTo(await EventFile.open(file));
    await reporter.emit(note);
    expect(linesWhenSent).toBe(1);
  });
});

describe('a run’s event file', () => {
  const line = (seq: number) => `${JSON.stringify({ ...note, seq, at: 0 })}\n`;

  test.each([
    ['half a line', '{"type":"st'],
    ['a line without its end', line(3).trimEnd()],
    ['zeros after a power cut', '\0\0\0\0\n'],
  ])('cuts off %s and continues counting', async (name, torn) => {
    const file = path.join(folder, `${name}.ndjson`);
    writeFileSync(file, line(1) + line(2) + torn);
    const seen: number[] = [];
    const events = await EventFile.open(file, ({ seq }) => seen.push(seq));
    expect(events.lastSeq).toBe(2);
    expect(seen).toEqual([1, 2]);
    events.append({ ...note, seq: 3, at: 0 } as TrainerEvent);
    events.close();
    expect(readFileSync(file, 'utf8')).toBe(line(1) + line(2) + line(3));
  });
});

test('a damaged line in the middle of a run’s events is named, and nothing is cut', async () => {
  const file = path.join(folder, 'middle.ndjson');
  const text = `${JSON.stringify({ ...note, seq: 1, at: 0 })}\n\0\0{"type":"st\n${JSON.stringify({ ...note, seq: 3, at: 0 })}\n`;
  writeFileSync(file, text);
  await expect(EventFile.open(file)).rejects.toMatchObject({
    code: 'corrupt',
    message: `${file} is damaged: its line 2 is not an event.`,
    place: { file: 'middle.ndjson', line: 2 },
  });
  expect(readFileSync(file, 'utf8')).toBe(text);
});

test('texts that other readers take for several lines stay whole in a run’s events', async () => {
  const file = path.join(folder, 'separators.ndjson');
  const events = await EventFile.open(file);
  const said = ['one\u2028two', 'one\u2029two', 'one\u0085two\u000btwo\u000ctwo', 'one\rtwo'];
  said.forEach((message, i) => events.append({ ...note, message, seq: i + 1, at: 0 } as TrainerEvent));
  events.close();
  const seen: TrainerEvent[] = [];
  (await EventFile.open(file, (event) => seen.push(event))).close();
  expect(seen.map((event) => event.type === 'log' && event.message)).toEqual(said);
});

describe('messages', () => {
  test('what the transport brings is looked at', () => {
    expect(parseCommand({ type: 'set-guard-weight', weight: -1 })).toEqual({ type: 'set-guard-weight', weight: 0 });
    for (const bad of [null, 'stop', {}, { type: 'credit', batches: 'x' }, { type: 'job', job: { kind: 'shell' } }]) {
      expect(() => parseCommand(bad)).toThrow('unexpected');
    }
    for (const bad of [undefined, { type: 'events' }, { type: 'events', events: [{ type: 'log' }] }]) {
      expect(() => parseReport(bad)).toThrow('unexpected');
    }
  });

  test('a job that the child cannot take ends as one that failed, with the reason', async () => {
    const { ended } = superviseTrainer(launchNodeTrainer, { kind: 'shell' } as unknown as TrainerJob, async () => {});
    expect(await ended).toMatchObject({
      kind: 'failed',
      error: { message: expect.stringContaining('job.kind shell') },
    });
  });
});

test('the number cache finds what depends on the same things, and nothing damaged', async () => {
  const cache = openNumberCache(path.join(folder, 'cache'));
  const key = ['model', Int32Array.of(1, 2)];
  expect(await cache.get(key)).toBeUndefined();
  await cache.put(key, Float32Array.of(0.5, -3));
  expect(await cache.get(key)).toEqual(Float32Array.of(0.5, -3));
  expect(await cache.get(['model', Int32Array.of(1, 3)])).toBeUndefined();
  const [name = ''] = readdirSync(path.join(folder, 'cache'));
  const file = path.join(folder, 'cache', name);
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = 1;
  writeFileSync(file, bytes);
  expect(await cache.get(key)).toBeUndefined();
});
