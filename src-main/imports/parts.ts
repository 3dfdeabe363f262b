import { basename } from 'node:path';
import type { SampleResult } from '../shared/domain/evaluations.ts';
import { planAlpacaEval } from './evaluations/alpaca-eval.ts';
import { planHelm } from './evaluations/helm.ts';
import { planLighteval } from './evaluations/lighteval.ts';
import { planLmEval } from './evaluations/lm-eval.ts';
import { planOpencompass } from './evaluations/opencompass.ts';
import { planSweBench } from './evaluations/swe-bench.ts';
import type { ImportPlan, ImportStream } from './import-stream.ts';
import { type InspectedSource, inspectSource } from './inspect-source.ts';
import { openEvaluationImport, plainLayout, streamOf } from './open.ts';
import { alpacaEvalFolder, alpacaEvalModels } from './sources/alpaca-eval-files.ts';
import { helmParts, readRunName } from './sources/helm-files.ts';
import { lightevalParts } from './sources/lighteval-files.ts';
import { lmEvalParts } from './sources/lm-eval-files.ts';
import { opencompassParts } from './sources/opencompass-files.ts';
import { sweBenchParts } from './sources/swe-bench-files.ts';
import type { ImportOptions } from './types.ts';

/** One evaluation of a source, as file and folder are called; the stream's metadata may know the model by its full name. */
export interface EvaluationLabel {
  readonly model: string | null;
  readonly task: string | null;
}

/** One task of one model. */
export interface EvaluationPart extends EvaluationLabel {
  open: () => Promise<ImportStream<SampleResult>>;
}

/**
 * The evaluations that a source holds. A folder of one tool is one import, and may bring several: each task is a suite of its own,
 * with ids of its own, and a folder of several models' results holds each of them.
 */
export async function openEvaluationParts(path: string, options: ImportOptions = {}): Promise<EvaluationPart[]> {
  const source = await inspectSource(path, { ...options, purpose: 'evaluation' });
  const { files, layout, detection } = source;
  const isFolder = layout === null && source.archiveHeader === null;
  if (isFolder && detection.format === 'lm-eval') {
    const found = lmEvalParts(files, plainLayout('jsonl'));
    const each = { ...options, variantMayLack: found.length > 1 };
    return found.map(({ folder, task, files: own }) => ({
      model: folder === '.' ? null : basename(folder),
      task,
      open: () => Promise.resolve(streamOf(planLmEval(own, options.map ?? {}, options.variant), each)),
    }));
  }
  if (isFolder && detection.format === 'alpaca-eval') {
    return alpacaEvalModels(files).map(({ model, files: own }) => ({
      model,
      task: null,
      open: () => {
        const found = alpacaEvalFolder(own, plainLayout('json'), options.variant);
        return Promise.resolve(streamOf(planAlpacaEval(found, options.map ?? {}, options.variant), options));
      },
    }));
  }
  if (isFolder && detection.format === 'inspect') {
    return files.map((file) => ({
      model: null,
      task: basename(file.name, '.eval'),
      open: () => openEvaluationImport(file.path, options),
    }));
  }
  const found = isFolder ? folderParts(source, options) : null;
  return found ?? [{ model: null, task: null, open: () => openEvaluationImport(path, options) }];
}

/** The parts of a folder whose every file tells where it belongs. */
function folderParts(
  { file: folder, files, detection }: InspectedSource,
  options: ImportOptions,
): EvaluationPart[] | null {
  const { map = {}, variant } = options;
  const part = (count: number, label: EvaluationLabel, plan: () => ImportPlan<SampleResult>): EvaluationPart => ({
    ...label,
    open: () => Promise.resolve(streamOf(plan(), { ...options, variantMayLack: count > 1 })),
  });
  switch (detection.format) {
    case 'lighteval': {
      const parts = lightevalParts(files);
      const named = (name: string): number => parts.filter(({ task }) => task.name === name).length;
      return parts.map((own) => {
        // The same task with other numbers of examples is told by them.
        const isAlone =
          named(own.task.name) === new Set(parts.map(({ model }) => model)).size || named(own.task.name) === 1;
        const task = isAlone ? own.task.name : own.task.full;
        const labelled = { ...own, task: { ...own.task, name: task } };
        return part(parts.length, { model: own.model, task }, () => planLighteval(labelled, map, variant));
      });
    }
    case 'opencompass': {
      const parts = opencompassParts(files);
      return parts.map((own) =>
        part(parts.length, { model: own.model, task: own.dataset }, () =>
          planOpencompass(own, plainLayout('json')(own.results), map, variant),
        ),
      );
    }
    case 'helm': {
      const parts = helmParts(files, folder.name);
      return parts.map((own) =>
        part(parts.length, readRunName(own.run), () => planHelm(own, plainLayout('json')(own.stats), map, variant)),
      );
    }
    case 'swe-bench': {
      const parts = sweBenchParts(files, folder.name);
      return parts.map((own) => part(parts.length, { model: own.model, task: null }, () => planSweBench(own, map)));
    }
    default:
      return null;
  }
}
