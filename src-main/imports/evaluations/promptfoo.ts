import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { Layout } from '../records/record.ts';
import type { SourceFile } from '../sources/files.ts';
import { asNumber, asOptionalText } from '../values.ts';
import { addMetric, newMetrics } from './metrics.ts';
import { overlay, resultPlan } from './mapped.ts';

const failureByError = 2;

/**
 * promptfoo's results, as JSON or JSONL. One file crosses tests with providers and prompts; an evaluation is one provider
 * with one prompt, the first in the file unless `variant` names another. Samples are known by their test's variables, so
 * that files with tests added or reordered still pair.
 */
export function planPromptfoo(
  file: SourceFile,
  layout: Layout,
  map: FieldMap,
  variant: string | undefined,
): ImportPlan<SampleResult> {
  const mapping = new Mapping(map, evaluationFields);
  const variants = new Set<string>();
  let chosen = variant ?? null;
  let header: unknown = null;
  return {
    ...resultPlan(mapping),
    format: 'promptfoo',
    totalBytes: file.bytes,
    records: (session) =>
      readRecords(file.path, file.name, layout, session, (whole) => {
        header = whole;
      }),
    mapRecord: (record): Mapped<SampleResult> => {
      const found = variantOf(record);
      variants.add(found);
      chosen ??= found;
      if (found !== chosen)
        return { leftOut: `{n} results of other providers or prompts than “${chosen}” were left out.` };
      const row = readRow(record);
      return { row, id: overlay(row, record, mapping, null), identity: identityOf(record, row) };
    },
    describe: () => {
      const version = own(own(header, 'metadata'), 'promptfooVersion');
      return {
        tool: { name: 'promptfoo', version: typeof version === 'string' ? version : null },
        tasks: taskOf(header),
        models: chosen === null ? [] : [chosen],
        verdictFrom: 'Success of the test: all its assertions passed. A provider’s error gives no verdict.',
        scoreMeaning: 'Weighted mean of the assertions’ scores, from 0 to 1.',
        variant: chosen,
        variants: [...variants],
      };
    },
  };
}

function taskOf(header: unknown): string[] {
  const description = own(own(header, 'config'), 'description');
  return typeof description === 'string' && description !== '' ? [description] : [];
}

/** Provider, and prompt where the file has several. */
function variantOf(record: unknown): string {
  const provider = own(record, 'provider');
  const names = [provider, own(provider, 'label'), own(provider, 'id')];
  const name = names.find((text): text is string => typeof text === 'string' && text !== '') ?? 'provider';
  const index = own(record, 'promptIdx');
  return typeof index === 'number' && index > 0 ? `${name}#${index}` : name;
}

/** Variables by sorted name; a test without any is known by its rendered prompt. */
function identityOf(record: unknown, row: SampleResult): (string | undefined)[] {
  const vars = own(record, 'vars') ?? own(own(record, 'testCase'), 'vars');
  if (!isPlainObject(vars) || Object.keys(vars).length === 0) return [row.prompt];
  const names = Object.keys(vars).toSorted();
  return names.flatMap((name) => [name, asOptionalText(vars[name]) ?? undefined]);
}

function readRow(record: unknown): SampleResult {
  const success = own(record, 'success');
  if (typeof success !== 'boolean')
    throw new Misfit('missing-field', '“success” is missing or no truth value.', 'success');
  const failedByError = own(record, 'failureReason') === failureByError;
  const verdict: Verdict | null = failedByError ? null : success ? 'right' : 'wrong';
  const prompt = own(record, 'prompt');
  const row: SampleResult = {
    sampleId: '',
    prompt: asOptionalText(own(prompt, 'raw') ?? prompt) ?? '',
    output: asOptionalText(own(own(record, 'response'), 'output')),
    score: failedByError ? null : asNumber(own(record, 'score'), 'score'),
    verdict,
  };
  const target = targetOf(own(record, 'testCase'));
  if (target !== null) row.target = target;
  const metrics = newMetrics();
  const named = own(record, 'namedScores');
  for (const name of isPlainObject(named) ? Object.keys(named) : []) addMetric(metrics, name, own(named, name));
  if (Object.keys(metrics).length > 0) row.metrics = metrics;
  if (failedByError) row.tags = ['error'];
  return row;
}

/** The value of the first assertion that compares with a text. */
function targetOf(testCase: unknown): string | null {
  const assertions = own(testCase, 'assert');
  if (!Array.isArray(assertions)) return null;
  const comparing: unknown = assertions.find((assertion) =>
    /^i?(equals|contains|starts-with)$/.test(String(own(assertion, 'type'))),
  );
  return asOptionalText(own(comparing, 'value'));
}
