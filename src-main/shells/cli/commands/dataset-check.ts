import type { DatasetCheck } from '../../../shared/domain/data/check.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import { formatPercent, formatPercentRange } from '../../../shared/presentation/numbers.ts';
import { plural } from '../../../shared/presentation/words.ts';
import type { RowMargins } from '../../../shared/domain/data/row-scores.ts';
import { measureMargins } from '../../../workbench/data/margins.ts';
import { checkDataset } from '../../../workbench/data/check-dataset.ts';
import { findByName } from '../../../workbench/workspace/names.ts';
import type { CommandContext } from '../context.ts';
import { exitStatus } from '../exit-status.ts';
import type { ExitStatus } from '../exit-status.ts';
import type { CheckFlags } from '../options/datasets.ts';
import type { RowLimit } from '../options/values.ts';
import { plain, table } from '../terminal.ts';

type CountName =
  | 'duplicates'
  | 'nearDuplicates'
  | 'contradictions'
  | 'overlaps'
  | 'truncated'
  | 'leftOut'
  | 'longerChosen'
  | 'emptySides'
  | 'identicalSides'
  | 'oddRoles'
  | 'templateMarks';

export async function checkCommand(context: CommandContext, name: string, flags: CheckFlags): Promise<ExitStatus> {
  const { terminal } = context;
  const { core } = await context.workbench();
  const dataset = findByName('dataset', await core.store.listDatasets(), name);
  const { as: reading, suite: against, model, maxLength } = flags;
  const { check, overlaps, createdAt } = await checkDataset(
    core,
    dataset,
    { model, maxLength, reading, against },
    context.task,
  );
  const margins =
    flags.margins === true ? await measureMargins(core, dataset, { model, maxLength }, context.task) : null;
  const passed = limitsPassed(check, flags);
  terminal.settle();
  terminal.document({
    dataset: dataset.name,
    checkedAt: createdAt,
    ...check,
    ...(margins === null ? {} : { margins }),
    overlapping: overlaps,
    limits: passed,
  });
  terminal.print(`“${plain(dataset.name)}”: ${plural(check.rows, `${check.kind} row`)}\n`);
  terminal.print(table(['finding', 'rows', 'share'], findingRows(check)));
  for (const { name: source, kind, rows, exact } of check.overlapsBySource) {
    terminal.print(`  in ${kind} “${plain(source)}”: ${rows}, of which ${exact} text for text`);
  }
  terminal.print(`\n${table([`length in ${check.unit}`, 'median', 'mean', '95 %', 'longest'], lengthRows(check))}`);
  if (margins !== null) terminal.print(`\n${marginText(margins)}\n`);
  if (check.tags.length > 0) {
    terminal.print(
      `\n${table(
        ['tag', 'rows'],
        check.tags.slice(0, 20).map((tag) => [tag.name, tag.rows]),
      )}`,
    );
  }
  for (const { limit, found, allowed } of passed) {
    terminal.note(`--${limit} ${allowed} is passed: ${found}.`);
  }
  return passed.length === 0 ? exitStatus.ok : exitStatus.no;
}

function marginText({ model, pairs, right, rightShare, wrong, likelyMislabelled }: RowMargins): string {
  return [
    `under ${plain(model)}, of ${plural(pairs, 'pair')}:`,
    `  right already: ${right} (${formatPercent(rightShare.value)}, ${formatPercentRange(rightShare)})`,
    `  rejected preferred: ${wrong}, of which ${likelyMislabelled} per token too: likely mislabelled`,
  ].join('\n');
}

function findingRows(check: DatasetCheck): (string | number | null)[][] {
  const { nearThreshold: near, maxLength } = check.settings;
  const rows: [string, number | null][] = [
    ['same as an earlier row', check.duplicates],
    [`similar to an earlier row (words: ${near} or more)`, check.nearDuplicates],
    ['  of these, the same but for case, blanks, marks', check.normalisedDuplicates],
    ['prompts that contradict themselves', check.contradictions],
    ['prompts that come several times', check.repeatedPrompts],
    ['a side without text', check.emptySides],
    ['chosen the same as rejected', check.identicalSides],
    ['roles that do not alternate', check.oddRoles],
    ['a system prompt unlike most rows', check.systemPrompts],
    ['plain text among conversations, or the reverse', check.mixedForms],
    ['marks of a template in the text', check.templateMarks],
    [`is in an evaluation (words: ${check.settings.overlapThreshold} or more)`, check.overlaps],
    [`cut at ${maxLength ?? '–'} tokens`, check.truncated],
    ['  of these, left out of training', check.leftOut],
    ['chosen longer than rejected', check.longerChosen],
  ];
  return rows.map(([finding, count]) => [
    finding,
    count,
    count === null || check.rows === 0 ? null : shareText(finding, count, check),
  ]);
}

/** The share of longer chosen ones is among pairs of different lengths, with its interval. */
function shareText(finding: string, count: number, { rows, longerChosenShare: share }: DatasetCheck): string {
  if (finding !== 'chosen longer than rejected' || share === null || share.value === null)
    return formatPercent(count / rows);
  return `${formatPercent(share.value)} of unequal pairs (${formatPercentRange(share)})`;
}

function lengthRows({ lengths }: DatasetCheck): (string | number | null)[][] {
  return lengths.map(({ name, summary: { median, mean, p95, max } }) => [
    name,
    median,
    Math.round(mean * 10) / 10,
    p95,
    max,
  ]);
}

const limits = [
  ['maxDuplicates', 'duplicates', 'max-duplicates'],
  ['maxNearDuplicates', 'nearDuplicates', 'max-near-duplicates'],
  ['maxContradictions', 'contradictions', 'max-contradictions'],
  ['maxOverlaps', 'overlaps', 'max-overlaps'],
  ['maxTruncated', 'truncated', 'max-truncated'],
  ['maxLeftOut', 'leftOut', 'max-left-out'],
  ['maxLongerChosen', 'longerChosen', 'max-longer-chosen'],
  ['maxEmptySides', 'emptySides', 'max-empty-sides'],
  ['maxIdenticalSides', 'identicalSides', 'max-identical-sides'],
  ['maxOddRoles', 'oddRoles', 'max-odd-roles'],
  ['maxTemplateMarks', 'templateMarks', 'max-template-marks'],
] as const satisfies (readonly [keyof CheckFlags, CountName, string])[];

const needs: Partial<Record<CountName, string>> = {
  overlaps: 'Give the evaluations that are meant: --suite NAME.',
  truncated: 'Give the model whose tokens count: --model NAME.',
  leftOut: 'Give the model whose tokens count: --model NAME.',
};

interface PassedLimit {
  limit: string;
  found: number;
  allowed: string;
}

function limitsPassed(check: DatasetCheck, flags: CheckFlags): PassedLimit[] {
  return limits.flatMap(([flag, count, limit]) => {
    const allowed = flags[flag];
    if (allowed === undefined) return [];
    const found = check[count];
    if (found === null) throw notCounted(limit, count, check);
    return found > rowsOf(allowed, check.rows) ? [{ limit, found, allowed: limitText(allowed) }] : [];
  });
}

function rowsOf(limit: RowLimit, rows: number): number {
  return 'rows' in limit ? limit.rows : limit.share * rows;
}

function limitText(limit: RowLimit): string {
  return 'rows' in limit ? String(limit.rows) : `${limit.share * 100}%`;
}

/** A limit on what was not looked at would always hold. */
function notCounted(limit: string, count: CountName, { kind }: DatasetCheck): WorkbenchError {
  return new WorkbenchError('bad-input', `--${limit} limits what was not counted.`, {
    remedy: needs[count] ?? `A dataset of ${kind} rows has none of it.`,
    place: { field: limit },
  });
}
