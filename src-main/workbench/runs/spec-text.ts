import { stringify } from 'yaml';
import type { z } from 'zod';
import { runSpecSchema } from '../../shared/domain/run-spec.ts';
import { acceptedKeys } from './spec-schema.ts';
import type { RunSpec } from '../../shared/domain/run-spec.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SpecIssue } from '../../shared/contract/views.ts';
import { issueSentence, unknownKeySentence } from './issue-words.ts';
import { readYaml } from './yaml-places.ts';
import type { Locate } from './yaml-places.ts';

/** A spec as the form has it (object) or as an editor or a file has it (YAML; JSON is YAML too). */
export type SpecInput = { yaml: string } | { spec: Record<string, unknown> };
export type ParsedSpec = { ok: true; spec: RunSpec; locate: Locate } | { ok: false; issues: SpecIssue[] };

/** A kind of text that is read: what messages call it, what it must fit, and which keys an object in it takes. */
export interface TextKind<T> {
  noun: string;
  schema: z.ZodType<T>;
  acceptedKeys(path: readonly PropertyKey[]): string[];
}
export type ParsedText<T> = { ok: true; value: T; locate: Locate } | { ok: false; issues: SpecIssue[] };

const runSpecText: TextKind<RunSpec> = { noun: 'spec', schema: runSpecSchema, acceptedKeys };

/** Reads a spec and fills in defaults, or says everything that is wrong with it, each by path and place. */
export function parseSpec(input: SpecInput): ParsedSpec {
  const parsed = parseText(input, runSpecText);
  return parsed.ok ? { ok: true, spec: parsed.value, locate: parsed.locate } : parsed;
}

/** As `parseSpec`, for any text that a schema describes. */
export function parseText<T>(input: SpecInput, kind: TextKind<T>): ParsedText<T> {
  const source = readSource(input, kind.noun);
  if (!source.ok) return source;
  const parsed = kind.schema.safeParse(source.value);
  if (parsed.success) return { ok: true, value: parsed.data, locate: source.locate };
  return { ok: false, issues: firstOfEach(parsed.error.issues, source.locate, kind) };
}

/** What is wrong, once per path; after so many a person fixes these first. */
function firstOfEach(
  found: readonly z.core.$ZodIssue[],
  locate: Locate,
  kind: Pick<TextKind<unknown>, 'noun' | 'acceptedKeys'>,
): SpecIssue[] {
  const issues = new Map<string, SpecIssue>();
  for (const one of found) {
    // A thousand unknown keys are one finding with a thousand keys.
    const parts = one.code === 'unrecognized_keys' ? one.keys.map((key) => ({ ...one, keys: [key] })) : [one];
    for (const part of parts) {
      for (const issue of specIssues(part, locate, kind)) if (!issues.has(issue.path)) issues.set(issue.path, issue);
      if (issues.size >= shownIssues) return [...issues.values()];
    }
  }
  return [...issues.values()];
}

export function specError(issues: readonly SpecIssue[], file?: string, noun = 'spec'): WorkbenchError {
  const lines = issues.map((issue) => {
    const place = issue.line === undefined ? '' : `${file ?? noun}:${issue.line}:${issue.column ?? 1}: `;
    return `${place}${issue.path === '' ? '' : `${issue.path}: `}${issue.message}`;
  });
  const first = issues[0];
  // Where consent is all that is missing, it can be asked for and the same request made again.
  const consent = issues.every((issue) => issue.consent !== undefined) ? first?.consent : undefined;
  return new WorkbenchError('bad-input', lines.join('\n'), {
    remedy: `Correct the ${noun}; the reference page lists every key and what it accepts.`,
    ...(consent === undefined ? {} : { consent }),
    place: {
      ...(file === undefined ? {} : { file }),
      ...(first?.line === undefined ? {} : { line: first.line }),
      ...(first === undefined ? {} : { field: first.path }),
    },
  });
}

export function specToYaml(spec: RunSpec): string {
  return stringify(spec, { lineWidth: 0 });
}

/** The plain object a spec input stands for, before any check of its content. */
export function specObject(input: SpecInput): Record<string, unknown> {
  const source = readSource(input);
  if (!source.ok) throw specError(source.issues);
  return source.value;
}

const shownIssues = 100;
/** A spec with every key written out has about four thousand characters. */
const maxSpecChars = 40_000;
/** Deeper than any value of a spec. */
const maxNesting = 50;

/** Why a text is not parsed at all: parsing holds the program, and this takes no time to see. */
function refusedText(text: string, noun: string): string | null {
  if (text.length > maxSpecChars)
    return `a ${noun} has at most ${maxSpecChars.toLocaleString('en')} characters, and this has ${text.length.toLocaleString('en')}`;
  let depth = 0;
  for (const letter of text) {
    if (letter === '[' || letter === '{') depth += 1;
    else if ((letter === ']' || letter === '}') && depth > 0) depth -= 1;
    if (depth > maxNesting) return `it is nested deeper than ${maxNesting} levels`;
  }
  const indent = Math.max(0, ...text.split('\n').map((line) => (/^(?:- |\? | )*/.exec(line)?.[0].length ?? 0) / 2));
  return indent > maxNesting ? `it is nested deeper than ${maxNesting} levels` : null;
}

type Source = { ok: true; value: Record<string, unknown>; locate: Locate } | { ok: false; issues: SpecIssue[] };

function readSource(input: SpecInput, noun = 'spec'): Source {
  if ('spec' in input) return { ok: true, value: input.spec, locate: () => undefined };
  const refused = refusedText(input.yaml, noun);
  if (refused !== null) return { ok: false, issues: [{ path: '', message: refused, line: 1, column: 1 }] };
  const { issues, value, locate } = readYaml(input.yaml);
  if (issues.length > 0) return { ok: false, issues };
  if (!isObject(value)) {
    return {
      ok: false,
      issues: [{ path: '', message: `A ${noun} is a mapping of keys to values.`, line: 1, column: 1 }],
    };
  }
  return { ok: true, value, locate };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** One issue of the schema as something a person can fix; an unknown key becomes an issue of its own, at the key. */
function specIssues(
  issue: z.core.$ZodIssue,
  locate: Locate,
  kind: Pick<TextKind<unknown>, 'noun' | 'acceptedKeys'>,
): SpecIssue[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const path = [...issue.path, key];
      const message = unknownKeySentence(key, kind.acceptedKeys(issue.path));
      return { path: dotted(path), message, ...locate(path) };
    });
  }
  return [{ path: dotted(issue.path), message: issueSentence(issue), ...locate(issue.path) }];
}

export function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}
