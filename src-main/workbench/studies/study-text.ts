import { z } from 'zod';
import type { SpecIssue } from '../../shared/contract/views.ts';
import { studyFileSchema } from '../../shared/domain/studies.ts';
import type { StudyFile } from '../../shared/domain/studies.ts';
import { keysAt } from '../runs/spec-schema.ts';
import { parseText, specError } from '../runs/spec-text.ts';
import type { TextKind } from '../runs/spec-text.ts';
import type { Locate } from '../runs/yaml-places.ts';

/** JSON Schema of what a person writes: for messages and the reference page. */
export function studyJsonSchema(): Record<string, unknown> {
  return { ...z.toJSONSchema(studyFileSchema, { io: 'input' }) };
}

const studyText: TextKind<StudyFile> = {
  noun: 'study',
  schema: studyFileSchema,
  acceptedKeys: (path) => keysAt(studyJsonSchema(), path),
};

/** A study as it was read, with where its parts are. */
export interface ReadStudy {
  file: StudyFile;
  locate: Locate;
  /** Named in messages. */
  path: string;
}

/** Reads a study file, or says everything that is wrong with its form. What its names stand for is looked up later. */
export function readStudy(yaml: string, path: string): ReadStudy {
  const parsed = parseText({ yaml }, studyText);
  if (!parsed.ok) throw specError(parsed.issues, path, 'study');
  const study = { file: parsed.value, locate: parsed.locate, path };
  refuse(study, contradictions(parsed.value));
  return study;
}

/** Throws what is wrong, each with its line; nothing where nothing is. */
export function refuse(study: Omit<ReadStudy, 'file'>, issues: readonly PlacedIssue[]): void {
  if (issues.length > 0) throw specError(placed(study, issues), study.path, 'study');
}

export function placed({ locate }: Pick<ReadStudy, 'locate'>, issues: readonly PlacedIssue[]): SpecIssue[] {
  return issues.map(({ at, message }) => ({ path: at.join('.'), message, ...locate(at) }));
}

export interface PlacedIssue {
  at: readonly (string | number)[];
  message: string;
}

const notShared = ['name', 'model', 'seed', 'evaluate'];

/** What the file says against itself. */
function contradictions(file: StudyFile): PlacedIssue[] {
  const issues: PlacedIssue[] = [];
  const names = file.methods.map(({ name }) => name);
  const known = names.map((name) => `“${name}”`).join(', ');
  if (!names.includes(file.reference)) {
    issues.push({ at: ['reference'], message: `no method is named “${file.reference}”; there are ${known}` });
  }
  if ('method' in file.lowerRate) {
    const { method } = file.lowerRate;
    const at = ['lowerRate', 'method'];
    if (!names.includes(method)) issues.push({ at, message: `no method is named “${method}”; there are ${known}` });
    if (method === file.reference) issues.push({ at, message: 'the reference is no control of itself' });
  }
  issues.push(...mergeContradictions(file));
  for (const key of notShared) {
    if (!(key in file.spec)) continue;
    const message = `is given by the study itself (models, seeds, methods, and the suites of the two splits)`;
    issues.push({ at: ['spec', key], message });
  }
  file.methods.forEach(({ candidates }, i) => {
    if (candidates === undefined || file.validation !== undefined) return;
    issues.push({
      at: ['methods', i, 'candidates'],
      message: 'candidates are chosen on `validation`, which is missing',
    });
  });
  if (file.validation === undefined) return issues;
  const both = file.validation.seeds.filter((seed) => file.seeds.includes(seed));
  if (both.length > 0) {
    const message = `${both.join(', ')} ${both.length === 1 ? 'is a seed' : 'are seeds'} of the test split, too; a test needs fresh ones`;
    issues.push({ at: ['validation', 'seeds'], message });
  }
  return issues;
}

function mergeContradictions(file: StudyFile): PlacedIssue[] {
  const trained = file.methods.filter(({ merge }) => merge === undefined).map(({ name }) => name);
  return file.methods.flatMap(({ name, merge, set, candidates }, i) => {
    if (merge === undefined) return [];
    const issues: PlacedIssue[] = [];
    if (Object.keys(set).length > 0 || candidates !== undefined) {
      const message = `merges the runs of “${merge.of}” and trains nothing: it has no settings of its own`;
      issues.push({ at: ['methods', i, candidates === undefined ? 'set' : 'candidates'], message });
    }
    if (!trained.includes(merge.of)) {
      const known = trained.map((one) => `“${one}”`).join(', ');
      issues.push({
        at: ['methods', i, 'merge', 'of'],
        message: `no trained method is named “${merge.of}”; there are ${known}`,
      });
    }
    if (name === file.reference) {
      issues.push({
        at: ['reference'],
        message: `“${name}” merges the runs of another method; the reference is trained`,
      });
    }
    return issues;
  });
}
