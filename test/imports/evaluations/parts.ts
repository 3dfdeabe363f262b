import { openEvaluationParts } from '../../../src-main/imports/parts.ts';
import type { ImportMetadata, ImportOptions } from '../../../src-main/imports/index.ts';
import type { SampleResult } from '../../../src-main/shared/domain/evaluations.ts';
import { read } from '../fixtures.ts';

export interface ReadPart {
  label: string;
  rows: SampleResult[];
  problems: string[];
  said: ImportMetadata;
}

/** Every evaluation of a source, read to its end, in the order of its labels. */
export async function readParts(source: string, options: ImportOptions = {}): Promise<ReadPart[]> {
  const parts = await openEvaluationParts(source, options);
  const all: ReadPart[] = [];
  for (const { model, task, open } of parts) {
    const { rows, problems, stream } = await read(open());
    all.push({
      label: [model, task].filter((text) => text !== null).join(' '),
      rows,
      problems,
      said: stream.metadata(),
    });
  }
  return all.toSorted((a, b) => (a.label < b.label ? -1 : 1));
}
