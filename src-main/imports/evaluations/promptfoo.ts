import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { evaluationFields, type FieldMap, Mapping } from '../field-map.ts';
import { isPlainObject, own } from '../field-path.ts';
import type { ImportPlan, Mapped } from '../import-stream.ts';
import { Misfit } from '../problems.ts';
import { readRecords } from '../records/read-records.ts';
import type { Layout } from '../records/record.ts';
import type { SourceFile } from '../sources/files.ts';
import { asNumber, asOptionalText } from '../values.ts';
import { contentId } from '../../content-hash.ts';
import { addFinish } from './finish.ts';
import { addMetric, newMetrics } from './metrics.ts';
import { overlay, resultPlan } from './mapped.ts';

const failureByAssertion = 1;
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
  let selected = variant ?? null;
  let header: unknown = null;
  const attempts = new AttemptCounter();
  let failures = 0;
  let unasserted = 0;
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
      selected ??= found;
      if (found !== selected)
        return { leftOut: `{n} results of other providers or prompts than “${selected}” were left out.` };
      const row = readRow(record);
      if (row.resultTags?.includes('error') === true) failures += 1;
      else if (row.verdict === null) unasserted += 1;
      const id = overlay(row, record, mapping, null);
      const identity = identityOf(record, row);
      const attempt = id === null ? attempts.next(contentId(identity), testOf(record)) : 1;
      if (attempt <= 1) return { row, id, identity };
      row.attempts = [{ number: attempt, output: row.output, score: row.score, verdict: row.verdict }];
      return { row, id, identity, attempt };
    },
    describe: () => {
      const version = own(own(header, 'metadata'), 'promptfooVersion');
      return {
        tool: { name: 'promptfoo', version: typeof version === 'string' ? version : null },
        tasks: taskOf(header),
        models: selected === null ? [] : [selected],
        verdictFrom: 'Success of the test: all its assertions passed. A provider’s error gives no verdict.',
        scoreMeaning: 'Weighted mean of the assertions’ scores, from 0 to 1.',
        variant: selected,
        variants: [...variants],
        measure: { repeats: attempts.most },
        notes: [
          ...(failures === 0
            ? []
            : [
                `${failures.toLocaleString('en-US')} results have no verdict: the provider, an assertion or its judge failed.`,
              ]),
          ...(unasserted === 0
            ? []
            : [`${unasserted.toLocaleString('en-US')} results have no verdict: their tests assert nothing.`]),
        ],
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

/**
 * Variables by sorted name; a test without any is known by its rendered prompt. What promptfoo itself puts among them while it
 * runs (its own rule: promptfoo#6706) belongs to the run and not to the test.
 */
function identityOf(record: unknown, row: SampleResult): (string | undefined)[] {
  const vars = own(record, 'vars') ?? own(own(record, 'testCase'), 'vars');
  if (!isPlainObject(vars)) return [row.prompt];
  const names = testVariables(record, vars);
  if (names.length === 0) return [row.prompt];
  return names.toSorted().flatMap((name) => [name, asOptionalText(vars[name]) ?? undefined]);
}

/** Names of the variables that are the test's own: where it lists them itself, those that it lists. */
function testVariables(record: unknown, vars: object): string[] {
  const listed = own(own(record, 'testCase'), 'vars');
  const names = Object.keys(vars).filter((name) => !isRuntimeVariable(name));
  const ofTest = isPlainObject(listed) ? names.filter((name) => name in listed) : [];
  return ofTest.length === 0 ? names : ofTest;
}

const fieldLength = 100;
const mostFields = 12;

/** Short variables of the test, by which samples can be paired where one of them is another in each run (a date, a seed). */
function fieldsOf(record: unknown): Record<string, string> | undefined {
  const vars = own(record, 'vars');
  if (!isPlainObject(vars)) return undefined;
  const fields: Record<string, string> = {};
  for (const name of testVariables(record, vars).slice(0, mostFields)) {
    const text = asOptionalText(vars[name]);
    if (text !== null && text !== '' && text.length <= fieldLength) fields[`vars.${name}`] = text;
  }
  return Object.keys(fields).length === 0 ? undefined : fields;
}

function isRuntimeVariable(name: string): boolean {
  return name.startsWith('_') || /^(promptfoo)?session_?ids?$|^(eval|trace|run|request)_?id$/i.test(name);
}

/** What is asserted: two tests may have the same variables and assert different things. */
function testOf(record: unknown): string {
  const testCase = own(record, 'testCase');
  return JSON.stringify([own(testCase, 'assert') ?? null, own(testCase, 'description') ?? null]);
}

/**
 * `--repeat` runs each test several times: results of one test (same variables, same assertions) are attempts at one sample.
 * Tests that share variables only are numbered apart, as any content that comes again.
 */
class AttemptCounter {
  readonly #tests = new Map<string, { test: string; count: number }>();
  most = 1;

  /** 0 for a test that is none of those counted, else the number of its attempt. */
  next(id: string, test: string): number {
    const known = this.#tests.get(id);
    if (known === undefined) {
      this.#tests.set(id, { test, count: 1 });
      return 1;
    }
    if (known.test !== test) return 0;
    known.count += 1;
    this.most = Math.max(this.most, known.count);
    return known.count;
  }
}

function readRow(record: unknown): SampleResult {
  const success = own(record, 'success');
  if (typeof success !== 'boolean')
    throw new Misfit('missing-field', '“success” is missing or no truth value.', 'success');
  const failedByError = isWithoutVerdict(record, success);
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
  const fields = fieldsOf(record);
  if (fields !== undefined) row.fields = fields;
  const metrics = newMetrics();
  const named = own(record, 'namedScores');
  for (const name of isPlainObject(named) ? Object.keys(named) : []) addMetric(metrics, name, own(named, name));
  if (Object.keys(metrics).length > 0) row.metrics = metrics;
  if (failedByError && !assertsNothing(own(record, 'gradingResult'))) row.resultTags = ['error'];
  addFinish(row, own(own(record, 'response'), 'finishReason'));
  return row;
}

/**
 * Whether nobody judged the answer, or there is none: the provider failed, an assertion raised, a judge could not be reached.
 * `failureReason` says so in newer files; older ones only by what is missing.
 */
function isWithoutVerdict(record: unknown, success: boolean): boolean {
  if (own(record, 'failureReason') === failureByError) return true;
  const error = own(own(record, 'response'), 'error');
  if (error !== undefined && error !== null && error !== '') return true;
  const grading = own(record, 'gradingResult');
  if (success) return isFailedGrading(grading) || assertsNothing(grading);
  // Files written without grading results (PROMPTFOO_STRIP_GRADING_RESULT) still say that an assertion was judged and not met.
  if (!isPlainObject(grading)) return own(record, 'failureReason') !== failureByAssertion;
  const components = own(grading, 'componentResults');
  const failed = Array.isArray(components) ? components.filter((part) => own(part, 'pass') !== true) : [];
  // One assertion that was judged and not met decides, whatever became of the others.
  return failed.length === 0 ? isFailedGrading(grading) : failed.every(isFailedGrading);
}

/** A test without assertions passes whatever the model says: nobody judged it. */
function assertsNothing(grading: unknown): boolean {
  const components = own(grading, 'componentResults');
  return own(grading, 'reason') === 'No assertions' && (!Array.isArray(components) || components.length === 0);
}

/** Reasons that promptfoo gives where an assertion's code raised: it has no other mark of it. */
const raised =
  /^(Custom function threw error|(Python|Ruby|Script|JavaScript) (code )?execution failed|Error executing|Invalid regex pattern|Scoring function error|Error:)/i;

function isFailedGrading(grading: unknown): boolean {
  const nested = own(grading, 'componentResults');
  if (Array.isArray(nested) && nested.length > 0) {
    const failed = nested.filter((part) => own(part, 'pass') !== true);
    if (failed.length > 0 && failed.every(isFailedGrading)) return true;
  }
  if (own(own(grading, 'metadata'), 'graderError') === true) return true;
  const error = own(grading, 'error');
  if (error !== undefined && error !== null && error !== '') return true;
  const reason = own(grading, 'reason');
  return own(grading, 'pass') !== true && typeof reason === 'string' && raised.test(reason);
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
