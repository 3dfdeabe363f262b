import { basename, dirname } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Layout } from '../records/record.ts';
import type { SourceFile } from './files.ts';

/** What a model's folder in AlpacaEval's layout holds: outputs, and one folder of verdicts an annotator. */
export interface AlpacaEvalFiles {
  annotations: { file: SourceFile; layout: Layout; annotator: string | null } | null;
  /** The model's outputs; samples that are only here have no verdict. */
  outputs: { file: SourceFile; layout: Layout } | null;
  annotators: string[];
  notes: string[];
}

/** Annotators whose verdicts are taken first where there are several. */
export const preferredAnnotators = ['weighted_alpaca_eval_gpt4_turbo', 'alpaca_eval_gpt4_turbo_fn', 'alpaca_eval_gpt4'];

export function holdsAlpacaEval(files: readonly SourceFile[]): boolean {
  return files.some(({ name }) => basename(name) === 'annotations.json');
}

/**
 * Chooses the annotations of one annotator, and the outputs next to them.
 * @throws WorkbenchError when the folder holds several models, or lacks the annotator asked for.
 */
export function alpacaEvalFolder(
  files: readonly SourceFile[],
  layoutOf: (file: SourceFile) => Layout,
  annotator: string | undefined,
): AlpacaEvalFiles {
  const found = files
    .filter(({ name }) => basename(name) === 'annotations.json')
    .map((file) => ({ file, annotator: dirname(file.name) === '.' ? '' : basename(dirname(file.name)) }));
  const models = [...new Set(found.map(({ file }) => dirname(dirname(file.name))))];
  if (models.length > 1) {
    throw new WorkbenchError('bad-input', `The folder holds AlpacaEval results of ${models.length} models.`, {
      remedy: `Import one of its folders: ${models.join(', ')}.`,
    });
  }
  const annotators = found.map((entry) => entry.annotator);
  const asked = annotator !== undefined && annotators.includes(annotator) ? annotator : undefined;
  const wanted =
    asked ?? preferredAnnotators.find((name) => annotators.includes(name)) ?? annotators.toSorted()[0] ?? '';
  const selected = found.find((entry) => entry.annotator === wanted);
  if (selected === undefined) {
    throw new WorkbenchError('not-found', `The folder has no annotations of “${wanted}”.`, {
      remedy: `There is: ${annotators.join(', ')}.`,
    });
  }
  const outputs = files.find(({ name }) => basename(name) === 'model_outputs.json');
  return {
    annotations: { file: selected.file, layout: layoutOf(selected.file), annotator: wanted === '' ? null : wanted },
    outputs: outputs === undefined ? null : { file: outputs, layout: layoutOf(outputs) },
    annotators: annotators.filter((name) => name !== ''),
    notes:
      annotator === undefined && found.length > 1
        ? [`Of ${found.length} annotators, the verdicts of ${wanted} were taken.`]
        : [],
  };
}

/** The models' folders that a folder holds, each with its files. */
export function alpacaEvalModels(files: readonly SourceFile[]): { model: string; files: SourceFile[] }[] {
  const annotations = files.filter(({ name }) => basename(name) === 'annotations.json');
  const models = [...new Set(annotations.map(({ name }) => dirname(dirname(name))))];
  return models.map((model) => ({
    model: basename(model),
    files: models.length === 1 ? [...files] : files.filter(({ name }) => name.startsWith(`${model}/`)),
  }));
}
