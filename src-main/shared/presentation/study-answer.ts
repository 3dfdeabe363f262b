import type { ReportCurveTable, ReportStudyTable } from '../domain/reports/report-model.ts';
import type { MatchedAxis } from '../domain/statistics/matched-curves.ts';
import { formatRatio, formatRatioRange } from './numbers.ts';
import { suiteLabel } from './names.ts';
import { listed, plural } from './words.ts';

export const axisNames: Readonly<Record<MatchedAxis, string>> = {
  'sampled-reward': 'equal sampled reward',
  'greedy-reward': 'equal greedy reward',
  kl: 'equal KL',
};

/** Where a method has to win for it to be more than another way of moving less. */
const decidingAxes = ['sampled-reward', 'kl'] as const satisfies readonly MatchedAxis[];

export const oneSeed = 'one seed gives no interval';

/** A method’s ratio at one match. */
interface Told {
  method: string;
  axis: MatchedAxis;
  answer: ReportCurveTable['rows'][number]['answer'];
  ratio: NonNullable<ReportCurveTable['rows'][number]['ratio']>;
}

/**
 * What a study asks, and its answer: a paragraph per model. It follows from intervals; what they say of each method is with the table that has
 * them, so that the first table is near the beginning.
 */
export function studyAnswer(studies: readonly ReportStudyTable[]): string[] {
  return studies.map((study) => {
    const where = studies.length > 1 ? ` with ${study.model}` : '';
    const answers = study.checks.map(({ check, tables }) => ({ check, text: bestAnswer(study, tables) }));
    return [bestQuestion(study), ...groupedByCheck(answers, where)].join(' ');
  });
}

/** What the tables against one reference tell: first where an interval leaves 1 out, then the others by name. */
export function toldSentences(tables: readonly ReportCurveTable[]): string[] {
  const reference = tables[0]?.reference ?? '';
  const all = toldOf(tables);
  const differ = [...Map.groupBy(all.filter(isTold), ({ method, answer }) => `${answer} ${method}`).values()];
  return [
    ...differ.map((own) => differenceSentence(own, reference)),
    ...restSentence(
      all.filter((one) => !isTold(one)),
      all,
      reference,
    ),
  ];
}

function toldOf(tables: readonly ReportCurveTable[]): Told[] {
  return tables.flatMap(({ axis, reference, rows }) =>
    rows.flatMap(({ method, answer, ratio }) =>
      method === reference || ratio === null ? [] : [{ method, axis, answer, ratio }],
    ),
  );
}

function isTold({ answer }: Told): boolean {
  return answer === 'fewer' || answer === 'more';
}

function differenceSentence(own: readonly Told[], reference: string): string {
  const [first] = own;
  const seeds = Math.max(...own.map(({ ratio }) => ratio.perSeed.length));
  const ratios = own.map(
    ({ axis, ratio }) =>
      `${formatRatio(ratio.mean)} times as many (${formatRatioRange(ratio.low, ratio.high)}) at ${axisNames[axis]}`,
  );
  return `${named(first?.method)} has ${first?.answer} negative flips than ${named(reference)}: ${listed(ratios)}, over ${plural(seeds, 'seed')}.`;
}

/** Those that no interval tells from the reference, in one sentence. */
function restSentence(rest: readonly Told[], all: readonly Told[], reference: string): string[] {
  if (rest.length === 0) return [];
  const methods = [...Map.groupBy(rest, ({ method }) => method)];
  if (all.every(({ ratio }) => ratio.perSeed.length === 1)) {
    const names = listed(methods.map(([method]) => named(method)));
    return [`${oneSeed}, so ${names} cannot be told from ${named(reference)}.`];
  }
  const parts = methods.map(([method, own]) => {
    const atAll = own.length === all.filter((one) => one.method === method).length;
    const matches = atAll ? 'any match' : listed(own.map(({ axis }) => axisNames[axis]));
    const alone = own.every(({ ratio }) => ratio.perSeed.length === 1) ? ', one seed' : '';
    return `${named(method)} (at ${matches}${alone})`;
  });
  return [`no interval tells these from ${named(reference)}: ${parts.join('; ')}.`];
}

function baselinesOf({ reference, lowerRate, checks }: ReportStudyTable): string[] {
  const isTable = checks.some(({ tables }) => tables.some((table) => table.reference === lowerRate));
  return isTable ? [reference, lowerRate] : [reference];
}

function bestQuestion(study: ReportStudyTable): string {
  const axes = decidingAxes.filter((axis) =>
    study.checks.some(({ tables }) => tables.some((one) => one.axis === axis)),
  );
  const baselines = baselinesOf(study);
  const best =
    baselines.length === 1
      ? `${study.reference} interpolated with the old weights`
      : `the better of ${listed(baselines.map((name) => `“${name}”`))}, each interpolated with the old weights,`;
  return `Does any method beat ${best} ${listed(axes.map((axis) => `at ${axisNames[axis]}`))}?`;
}

/** A method beats interpolation where its interval is below 1 against every baseline. */
function bestAnswer(study: ReportStudyTable, tables: readonly ReportCurveTable[]): string {
  const baselines = baselinesOf(study);
  const methods = study.methods.flatMap(({ method }) => (baselines.includes(method) ? [] : [method]));
  const axes = decidingAxes.filter((axis) => tables.some((one) => one.axis === axis));
  const wins = (axis: MatchedAxis, method: string) =>
    baselines.every((baseline) => {
      const table = tables.find((one) => one.axis === axis && one.reference === baseline);
      return table?.rows.find((row) => row.method === method)?.answer === 'fewer';
    });
  const ratios = toldOf(tables);
  if (ratios.every(({ ratio }) => ratio.perSeed.length === 1)) return 'one seed cannot tell.';
  const atAll = methods.filter((method) => axes.every((axis) => wins(axis, method)));
  if (atAll.length > 0) return `yes, ${listed(atAll.map(named))}.`;
  const winners = axes.map((axis) => ({ axis, names: methods.filter((method) => wins(axis, method)) }));
  if (winners.every(({ names }) => names.length === 0)) return 'no interval says so.';
  const each = winners.map(
    ({ axis, names }) =>
      `at ${axisNames[axis]} ${names.length === 0 ? 'no interval says so' : listed(names.map(named))}`,
  );
  return `only in part: ${each.join(', ')}.`;
}

/** A name that holds a comma does not fall apart in a list. */
function named(method = ''): string {
  return method.includes(',') ? `“${method}”` : method;
}

/** The same text of several checks is said once. */
function groupedByCheck(said: readonly { check: string; text: string }[], where: string): string[] {
  return [...Map.groupBy(said, ({ text }) => text)].map(
    ([text, own]) => `On ${listed(own.map(({ check }) => `“${suiteLabel(check)}”`))}${where}, ${text}`,
  );
}
