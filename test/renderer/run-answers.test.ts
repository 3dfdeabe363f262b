// @vitest-environment happy-dom
import path from 'node:path';
import { mount } from '@vue/test-utils';
import { createPinia, setActivePinia } from 'pinia';
import { expect, it } from 'vitest';
import type { TrainerEventBody } from '../../src-main/shared/domain/trainer-events.ts';
import { databaseName } from '../../src-main/store/client.ts';
import { openForWriting } from '../../src-main/store/database.ts';
import { migrate } from '../../src-main/store/migrations/migrate.ts';
import { readerMethods } from '../../src-main/store/reader.ts';
import { writerMethods } from '../../src-main/store/writer.ts';
import { connect } from '../../src-renderer/api/client.ts';
import RunAnswers from '../../src-renderer/components/runs/RunAnswers.vue';
import { numbered, spec, started, temporaryFolder } from '../store/workspace.ts';
import { FakeBridge } from './fake-bridge.ts';
import { runRecord } from './samples.ts';

/** A step in which each prompt is answered twice. */
function step(number: number, answers: Record<string, [text: string, score: number][]>): TrainerEventBody {
  return {
    type: 'step',
    step: number,
    epoch: 0,
    metrics: { loss: 1 },
    tables: { trained: { sampleIds: Object.keys(answers), metrics: {} } },
    answers: Object.entries(answers).map(([sampleId, outputs]) => ({
      sampleId,
      prompt: `Once a ${sampleId}`,
      outputs: outputs.map(([text, score]) => ({ text, tokens: 2, score })),
    })),
  };
}

it('shows what the policy answered to a prompt step by step, and forgets what a resumed run answers again', async () => {
  // In this thread: the store's own threads and this environment do not go together.
  const db = openForWriting(path.join(temporaryFolder(), databaseName));
  await migrate(db);
  const { offered: writes, inner } = writerMethods({ db, owner: 'test' });
  const run = {
    name: 'run',
    status: 'queued' as const,
    spec,
    modelId: 'm',
    datasetId: 'd',
    folder: 'r',
    tags: [],
    note: '',
  };
  const none = { guardSetId: null, parentRunId: null, relation: null, sweepId: null, totalSteps: null };
  const { id: runId } = writes.addRun({ ...run, ...none });
  const reads = readerMethods(db, 'test').offered;
  const lost = step(3, { cat: [['was lost', -9]] });
  inner.appendRunEvents(
    runId,
    numbered([
      started(),
      step(1, {
        cat: [
          ['sat', 1],
          ['cried', -2],
        ],
        dog: [
          ['ran', 0],
          ['barked', 0],
        ],
      }),
      step(2, {
        cat: [
          ['smiled', 3],
          ['laughed', 4],
        ],
      }),
      lost,
      started(2),
      step(3, {
        dog: [
          ['played', 2],
          ['won', 4],
        ],
      }),
    ]),
  );
  setActivePinia(createPinia());
  connect(
    new FakeBridge({
      'runs.answeredPrompts': ({ after, limit }) => reads.answeredPrompts(runId, after ?? null, limit),
      'runs.promptAnswers': ({ sampleId }) => reads.promptAnswers(runId, sampleId),
    }),
  );
  const view = mount(RunAnswers, { props: { run: runRecord({ step: 3 }) } });
  const lines = (selector: string) => view.findAll(selector).map((one) => one.text().replaceAll(/\s+/g, ' '));
  await expect
    .poll(() => lines('.timeline h3'))
    .toEqual(['step 1 2 answers, mean reward −0.5', 'step 2 2 answers, mean reward 3.5']);
  expect(lines('.prompt')).toEqual(['Once a cat−0.5 → 3.5', 'Once a dog0 → 3']);
  expect(lines('.timeline li')).toEqual(['1sat', '−2cried', '3smiled', '4laughed']);
  await view.findAll('.prompt')[1]?.trigger('click');
  await expect.poll(() => lines('.timeline li')).toEqual(['0ran', '0barked', '2played', '4won']);
  view.unmount();
  db.raw.close();
});
