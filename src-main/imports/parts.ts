import { basename } from 'node:path';
import type { SampleResult } from '../shared/domain/evaluations.ts';
import { planAlpacaEval } from './evaluations/alpaca-eval.ts';
import { planLmEval } from './evaluations/lm-eval.ts';
import type { ImportStream } from './import-stream.ts';
import { inspectSource } from './inspect-source.ts';
import { openEvaluationImport, plainLayout, streamOf } from './open.ts';
import { alpacaEvalFolder, alpacaEvalModels } from './sources/alpaca-eval-files.ts';
import { lmEvalParts } from './sources/lm-eval-files.ts';
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
  return [{ model: null, task: null, open: () => openEvaluationImport(path, options) }];
}
