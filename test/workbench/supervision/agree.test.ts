import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../../../src-main/shared/domain/entities.ts';
import type { TrainerEvent } from '../../../src-main/shared/domain/trainer-events.ts';
import { agreeOnRecord } from '../../../src-main/workbench/supervision/agree.ts';
import { openStage } from '../../helpers/supervision.ts';
import type { Stage } from '../../helpers/supervision.ts';

const backend = { name: 'fake', device: 'none', versions: {} };
/** A start, six steps and a checkpoint after the third: eight events. */
const events: TrainerEvent[] = [
  { type: 'started', backend, totalSteps: 6, resumedAtStep: null, parameters: 1, trainable: 1 },
  ...[1, 2, 3].map(step),
  {
    type: 'checkpoint',
    checkpoint: {
      step: 3,
      path: 'checkpoints/3',
      kind: 'full',
      sha256: { 'model.safetensors': 'ab'.repeat(32) },
      sizeBytes: 1,
    },
  },
  ...[4, 5, 6].map(step),
].map((body, i) => ({ ...body, seq: i + 1, at: 1000 + i }) as TrainerEvent);

function step(number: number) {
  return { type: 'step', step: number, epoch: number / 6, metrics: { loss: 1 / number }, tables: {} };
}

const line = (event: TrainerEvent): string => `${JSON.stringify(event)}\n`;
const fileOf = (stage: Stage, run: RunRecord): string => path.join(stage.core.layout.root, run.folder, 'events.ndjson');

/** A run of which the store knows the first `known` events, and the file has this text. */
async function runWith(stage: Stage, known: number, text: string | null): Promise<RunRecord> {
  const run = await stage.addRun();
  await stage.core.store.appendRunEvents(run.id, events.slice(0, known));
  if (text === null) rmSync(fileOf(stage, run));
  else writeFileSync(fileOf(stage, run), text);
  return run;
}

/** Steps and checkpoints of the store, and the numbers in the file. */
async function recordOf(stage: Stage, run: RunRecord) {
  const [series] = await stage.core.store.runMetrics(run.id, { names: ['loss'], points: 100 });
  const text = readFileSync(fileOf(stage, run), 'utf8');
  return {
    steps: series?.steps ?? [],
    checkpoints: (await stage.core.store.listCheckpoints(run.id)).map((checkpoint) => checkpoint.step),
    file: text
      .split('\n')
      .slice(0, -1)
      .map((one) => (JSON.parse(one) as TrainerEvent).seq),
  };
}

const whole = events.map(line).join('');
const all = [1, 2, 3, 4, 5, 6, 7, 8];
const spoiled = (at: number): string => events.map((event, i) => (i + 1 === at ? '\0\0{"ty\n' : line(event))).join('');

describe('the file of a run’s events and the store', () => {
  const differences: [about: string, known: number, text: string | null][] = [
    ['the file is ahead', 3, whole],
    ['the file was cut back to its last flush', 8, events.slice(0, 5).map(line).join('')],
    ['the file is gone', 8, null],
    ['the file is empty', 8, ''],
    ['a line that the store knows is damaged', 8, spoiled(4)],
    ['a line that the store knows is damaged, and the file is ahead', 6, spoiled(4)],
    ['both ends are torn', 8, `${events.slice(0, 5).map(line).join('')}{"type":"st`],
    ['lines are there twice', 8, whole + events.slice(6).map(line).join('')],
  ];

  test('come to one whole record wherever they differ', async () => {
    const stage = await openStage();
    for (const [about, known, text] of differences) await comesToOne(stage, about, known, text);
  });

  async function comesToOne(stage: Stage, about: string, known: number, text: string | null): Promise<void> {
    const run = await runWith(stage, known, text);
    const { lastSeq, repairs } = await agreeOnRecord(stage.core, run);
    expect(await recordOf(stage, run), about).toEqual({ steps: [1, 2, 3, 4, 5, 6], checkpoints: [3], file: all });
    expect(lastSeq).toBe(8);
    // Asked again, there is nothing left to say.
    expect(await agreeOnRecord(stage.core, run), about).toEqual({ lastSeq: 8, repairs: [] });
    if (text !== null && text.includes('\0')) {
      expect(repairs[0]).toContain('events.ndjson is damaged: its line 4 is not an event.');
      const kept = readdirSync(path.dirname(fileOf(stage, run))).find((name) => name.includes('damaged')) ?? '';
      expect(readFileSync(path.join(path.dirname(fileOf(stage, run)), kept), 'utf8')).toBe(text);
    }
  }

  test('end before an event that neither has, and say so', async () => {
    const stage = await openStage();
    const run = await runWith(stage, 5, spoiled(7));
    const { lastSeq, repairs } = await agreeOnRecord(stage.core, run);
    expect(await recordOf(stage, run)).toEqual({ steps: [1, 2, 3, 4], checkpoints: [3], file: [1, 2, 3, 4, 5, 6] });
    expect(lastSeq).toBe(6);
    expect(repairs[1]).toBe(
      'What came after event 6 is in neither events.ndjson nor the workspace, and is trained again.',
    );
  });
});
