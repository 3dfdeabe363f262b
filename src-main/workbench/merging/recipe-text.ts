import { z } from 'zod';
import type { SpecIssue } from '../../shared/contract/views.ts';
import { mergeFileSchema } from '../../shared/domain/merging.ts';
import type { MergeFile } from '../../shared/domain/merging.ts';
import { keysAt } from '../runs/spec-schema.ts';
import { parseText, specError } from '../runs/spec-text.ts';
import type { SpecInput, TextKind } from '../runs/spec-text.ts';

/** JSON Schema of what a person writes: for messages and the reference page. */
export function mergeJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(mergeFileSchema, { io: 'input' }) };
}

const mergeText: TextKind<MergeFile> = {
  noun: 'merge',
  schema: mergeFileSchema,
  acceptedKeys: (path) => keysAt(mergeJsonSchema(), path),
};

/** Reads a merge file, or says everything that is wrong with it. What its names stand for is looked up later. */
export function readMerge(input: SpecInput, path?: string): MergeFile {
  const parsed = parseText(input, mergeText);
  if (!parsed.ok) throw specError(parsed.issues, path, 'merge');
  const { value: file, locate } = parsed;
  const issues = contradictions(file).map(({ at, message }): SpecIssue => ({ path: at, message, ...locate([at]) }));
  if (issues.length > 0) throw specError(issues, path, 'merge');
  return file;
}

/** What the file says against itself. */
function contradictions(file: MergeFile): { at: string; message: string }[] {
  const issues = [];
  const weights = file.models.map((one) => (typeof one === 'string' ? 1 : one.weight));
  if (file.method === 'slerp' && weights.length < 2) {
    issues.push({ at: 'models', message: 'SLERP turns two or more models into one another; name another one.' });
  }
  if (file.method !== 'task-arithmetic' && (weights.some((one) => one < 0) || weights.every((one) => one === 0))) {
    issues.push({ at: 'models', message: `Weights of ${file.method} are shares: 0 or more, and not all 0.` });
  }
  if (Array.isArray(file.fraction) && file.search !== undefined) {
    issues.push({ at: 'fraction', message: 'A search starts from one fraction, not from a list.' });
  }
  if (Array.isArray(file.fraction) && new Set(file.fraction).size < file.fraction.length) {
    issues.push({ at: 'fraction', message: 'Name each fraction once.' });
  }
  return issues;
}
