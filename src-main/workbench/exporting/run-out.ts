import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { trainerName } from '../../shared/domain/run-origin.ts';
import type { Core } from '../core.ts';
import { runFolder } from '../runs/run-folder.ts';
import { specToYaml } from '../runs/spec-text.ts';
import type { Task } from '../supervision/task.ts';
import { version } from '../version.ts';
import { findByName } from '../workspace/names.ts';
import { writeCsv } from './metrics-out.ts';
import { wholeFolder } from './whole-target.ts';

export interface RunOut {
  path: string;
  files: string[];
}

/** What a paper’s appendix says of a run, as one folder: its spec, every figure, and with what it was computed from which data. */
export async function exportRun(core: Core, { name, out }: { name: string; out: string }, task: Task): Promise<RunOut> {
  const run = findByName('run', await core.store.listRuns(), name);
  const files = await wholeFolder({ out, overwrite: false }, async (draft) => {
    const texts: Record<string, string> = {
      'spec.yaml': specToYaml(run.spec),
      'environment.json': asJson(await environmentOf(core, run)),
      'evaluations.json': asJson(await evaluationsOf(core, run)),
    };
    for (const [file, text] of Object.entries(texts)) await writeFile(path.join(draft, file), text);
    await writeCsv(core, [run], path.join(draft, 'metrics.csv'), task);
    return [...Object.keys(texts), 'metrics.csv'].sort();
  });
  return { path: out, files };
}

function asJson(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function environmentOf(core: Core, run: RunRecord): Promise<object> {
  const [models, datasets] = await Promise.all([core.store.listModels(), core.store.listDatasets()]);
  const inputs = await runFolder(core.layout, run)
    .readInputs()
    .catch(() => null);
  const model = models.find(({ id }) => id === run.modelId);
  const trained = inputs?.sources?.map(({ datasetId }) => datasetId) ?? [run.datasetId];
  const started = (await core.store.runEvents(run.id, 0, 50)).findLast((event) => event.type === 'started');
  return {
    program: { name: 'FlipGuard Workbench', version },
    run: {
      id: run.id,
      name: run.name,
      status: run.status,
      step: run.step,
      totalSteps: run.totalSteps,
      startedAt: timeOf(run.startedAt),
      endedAt: timeOf(run.endedAt),
      trainedBy: run.origin === undefined || run.origin === null ? null : trainerName(run.origin),
      error: run.error,
    },
    backend: run.backend,
    parameters: started === undefined ? null : { all: started.parameters, trained: started.trainable },
    inputs: started?.inputs ?? null,
    model: model === undefined ? null : { name: model.name, sha256: model.sha256, source: model.source ?? null },
    datasets: datasets
      .filter(({ id }) => trained.includes(id))
      .map(({ name, rows, sha256 }) => ({ name, rows, sha256 })),
    checkpoints: (await core.store.listCheckpoints(run.id)).map(({ step, kind, sizeBytes, sha256, state }) => ({
      step,
      kind,
      sizeBytes,
      sha256,
      state,
    })),
  };
}

async function evaluationsOf(core: Core, run: RunRecord): Promise<object[]> {
  const evaluations = await core.store.listEvaluations({ runId: run.id });
  return evaluations
    .toSorted((a, b) => a.suiteName.localeCompare(b.suiteName, 'en') || (a.step ?? 0) - (b.step ?? 0))
    .map(({ name, suiteName, step, samples, right, wrong, tie, missing, meanScore, summary, decoding, measure }) => ({
      name,
      suite: suiteName,
      step,
      samples,
      right,
      wrong,
      tie,
      missing,
      meanScore,
      summary,
      decoding,
      measure: measure ?? null,
    }));
}

function timeOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
