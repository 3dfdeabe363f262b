import { stat } from 'node:fs/promises';
import path from 'node:path';
import { containers, datasetFormats, evaluationFormats } from '../../imports/index.ts';
import type { FieldMap, ImportPreview as SourcePreview } from '../../imports/index.ts';
import type { ImportPreview } from '../../shared/contract/views.ts';

import { describeMeasure } from '../../shared/domain/measures.ts';

const keptLines = 5;

/** A preview as windows show it: sample rows as plain objects, problems by reason. */
export async function contractPreview(
  previewId: string,
  { target, source, map }: { target: ImportPreview['target']; source: string; map: FieldMap },
  preview: SourcePreview<object>,
  name: string,
): Promise<ImportPreview> {
  const { detection, metadata } = preview;
  const evaluation = target === 'evaluation';
  return {
    previewId,
    fileName: path.basename(source),
    sizeBytes: (await stat(source)).size,
    target,
    format: detection.format,
    alternatives: formatsFor(target).filter((format) => format !== detection.format),
    name,
    parts: evaluation
      ? preview.parts.map(({ model, task, rows, measure }) => ({ model, task, rows, judged: describeMeasure(measure) }))
      : [],
    variant: evaluation ? (metadata?.variant ?? null) : null,
    variants: evaluation ? (metadata?.variants ?? []) : [],
    notes: [...new Set(preview.parts.flatMap(({ measure }) => measure.notes).concat(metadata?.notes ?? []))],
    columns: detection.fields,
    mapping: plainMap(map),
    rows: preview.rows.map(({ row }) => ({ ...row })),
    scanned: preview.fits + preview.misfits,
    fitting: preview.fits,
    complete: preview.complete,
    problems: preview.problems.map(({ reason, count, first }) => ({
      reason,
      message: first[0]?.message ?? reason,
      count,
      firstLines: first.slice(0, keptLines).map(({ line }) => line),
    })),
    adapter: null,
  };
}

/** A model folder is checked when it is taken in; there are no rows to show before. */
export async function modelPreview(
  previewId: string,
  source: string,
  name: string,
  { notes, adapter }: Pick<ImportPreview, 'notes' | 'adapter'>,
): Promise<ImportPreview> {
  return {
    previewId,
    fileName: path.basename(source),
    sizeBytes: (await stat(source)).size,
    target: 'model',
    format: 'hugging-face',
    alternatives: [],
    name,
    parts: [],
    variant: null,
    variants: [],
    notes,
    columns: [],
    mapping: {},
    rows: [],
    scanned: 0,
    fitting: 0,
    complete: true,
    problems: [],
    adapter,
  };
}

function formatsFor(target: ImportPreview['target']): readonly string[] {
  if (target === 'dataset') return [...datasetFormats, ...containers];
  return target === 'evaluation' ? [...evaluationFormats, ...containers] : containers;
}

function plainMap(map: FieldMap): Record<string, string> {
  const pairs = Object.entries(map).filter((pair): pair is [string, string] => typeof pair[1] === 'string');
  return Object.fromEntries(pairs);
}
