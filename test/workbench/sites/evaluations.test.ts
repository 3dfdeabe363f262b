import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { TrainerEventBody } from '../../../src-main/shared/domain/trainer-events.ts';
import { noteFile, writeEvaluationNote } from '../../../src-main/workbench/sites/evaluation-note.ts';
import type { EvaluationNote } from '../../../src-main/workbench/sites/evaluation-note.ts';
import { storeBrought } from '../../../src-main/workbench/sites/evaluation-work.ts';
import { placeJob, removeWeights } from '../../../src-main/workbench/sites/place-weights.ts';
import { openShell } from '../../../src-main/sites/shell.ts';
import { openTransfer } from '../../../src-main/sites/transfer.ts';
import { siteSchema } from '../../../src-main/shared/domain/sites.ts';
import { quietTask } from '../../../src-main/workbench/supervision/task.ts';
import { openTestWorkbench, temporaryFolder, wordItems } from '../../helpers/workbench.ts';

const sample = (sampleId: string, verdict: 'right' | 'wrong') => ({
  sampleId,
  prompt: 'p',
  output: 'o',
  score: null,
  verdict,
});

test('of a job that was put back the last attempt is stored, and once', async () => {
  const { core, imports } = await openTestWorkbench();
  const suite = await imports.addSuite('words', { kind: 'words' }, wordItems);
  const head = { name: 'm · words', suiteId: suite.id, modelId: null, runId: null, checkpointId: null, step: null };
  const place = { id: 'e1', site: 'here', folder: '/nowhere', asked: 'q', weights: [], jobId: '7', error: null };
  const note: EvaluationNote = { ...place, head, createdAt: Date.now() };
  await writeEvaluationNote(core.layout, note);
  const mark = { suiteId: suite.id, suiteName: 'words', step: 0 };
  const backend = { name: 'cpu', device: 'cpu', versions: {} };
  const started = {
    type: 'started',
    backend,
    totalSteps: 0,
    resumedAtStep: null,
    parameters: 1,
    trainable: 0,
  } as const;
  const bodies: TrainerEventBody[] = [
    started,
    { type: 'evaluation-batch', mark, results: [sample('a', 'wrong'), sample('b', 'wrong')] },
    started,
    { type: 'evaluation-batch', mark, results: [sample('a', 'right')] },
    { type: 'evaluation-batch', mark, results: [sample('b', 'wrong')] },
    { type: 'evaluation-done', mark, samples: 2, decoding: null, summary: { reward: 2 } },
    { type: 'finished', outcome: 'completed', step: 0 },
  ];
  const lines = bodies.map((body, i) => `${JSON.stringify({ ...body, seq: i + 1, at: 1 })}\n`);
  writeFileSync(noteFile(core.layout, note.id, 'events'), lines.join(''));

  const id = await storeBrought(core, note);
  expect(await storeBrought(core, note)).toBe(id);
  const stored = await core.store.listEvaluations();
  expect(stored.map(({ name, samples, right, wrong, summary }) => ({ name, samples, right, wrong, summary }))).toEqual([
    { name: 'm · words', samples: 2, right: 1, wrong: 1, summary: { reward: 2 } },
  ]);
});

test('weights that the site sees are linked there, and they alone are removed again', async () => {
  const site = siteSchema.parse({ name: 'here', host: null, folder: temporaryFolder(), program: '/x', profile: {} });
  const shell = openShell(site);
  const access = { site, shell, transfer: openTransfer(shell) };
  const model = temporaryFolder();
  writeFileSync(path.join(model, 'config.json'), '{}');
  writeFileSync(path.join(model, 'model.safetensors'), 'weights');
  const suite = path.join(model, 'model.safetensors');
  const suites = [{ id: 's', name: 's', kind: 'words' as const, itemsPath: suite }];
  const job = { kind: 'evaluate', modelPath: model, referencePath: model, suites } as const;
  const { job: there, weights } = await placeJob(access, '/workspace', { ...job, suites: [...suites] }, quietTask());
  // The reference is the model itself: it is loaded once there too.
  expect([there.referencePath, weights]).toEqual([there.modelPath, [there.modelPath]]);
  expect(readdirSync(there.modelPath).sort()).toEqual(['config.json', 'model.safetensors']);
  expect(statSync(path.join(there.modelPath, 'model.safetensors')).ino).toBe(statSync(suite).ino);
  const items = there.suites[0]?.itemsPath ?? '';
  expect(path.dirname(items)).toBe(path.join(site.folder, 'inputs'));
  await removeWeights(access, [...weights, model, items]);
  expect([
    readdirSync(path.join(site.folder, 'weights')),
    readFileSync(items, 'utf8'),
    readdirSync(model).length,
  ]).toEqual([[], 'weights', 2]);
});
