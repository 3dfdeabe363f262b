import type { FlipFilter, FlipSort } from '../../../shared/domain/flip-view.ts';
import { WorkbenchError } from '../../../shared/domain/errors.ts';
import type { FlipKind } from '../../../shared/domain/flips.ts';
import { reportRowOf } from '../../../shared/domain/reports/report-row.ts';
import type { FlipExportRow } from '../../../store/api.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import type { FlipChoice, FlipFlags } from '../options/comparisons.ts';
import { isOutcome, outcomes } from '../options/pairs.ts';
import { plain } from '../terminal.ts';
import { openComparison, requireSlice } from './compare.ts';
import { printGroups } from './flip-groups.ts';
import { requireJudgeFlags } from './flip-judge.ts';
import { writeFlipsOut } from './flips-out.ts';
import { parseStatement } from '../../../shared/domain/kinds/statements.ts';
import { formatSignedNumber } from '../../../shared/presentation/numbers.ts';
import { throwIfCancelled } from '../../../workbench/supervision/task.ts';

/** The largest list printed when nobody gave a limit and people read it. */
const readable = 50;

export async function flipsCommand(
  context: CommandContext,
  left: string,
  right: string,
  flags: FlipFlags,
): Promise<void> {
  const { terminal } = context;
  requireJudgeFlags(flags);
  const workbench = await context.workbench();
  const comparison = await openComparison(context, workbench, left, right, flags);
  terminal.settle();
  const limit = flags.limit ?? (terminal.json ? Infinity : readable);
  await requireKinds(workbench, comparison.id, flags);
  if (flags.slice !== undefined) await requireSlice(workbench, comparison.id, flags.slice);
  if (flags.groups === true) return printGroups(context, workbench, comparison, filterOf(flags), flags);
  if (flags.as !== undefined) {
    const view = { filter: filterOf(flags), sort: sortOf(flags) };
    return writeFlipsOut(context, workbench, comparison, { ...flags, as: flags.as }, view);
  }
  let shown = 0;
  const enough = new Error('as many as were asked for');
  const streamed = workbench.core.store.streamFlips(comparison.id, filterOf(flags), sortOf(flags), async (rows) => {
    throwIfCancelled(context.task);
    for (const row of rows.slice(0, limit - shown)) {
      if (terminal.json) await terminal.line(reportRowOf(row));
      else terminal.print(describe(row));
    }
    shown += Math.min(rows.length, limit - shown);
    // Ends the reading: a comparison of a million samples is not read for five.
    if (shown >= limit) throw enough;
  });
  await streamed.catch((error: unknown) => {
    if (error !== enough) throw error;
  });
  const narrowed =
    flags.slice !== undefined ||
    flags.search !== undefined ||
    flags.where !== undefined ||
    flags.withoutTrained === true ||
    !isOutcome(flags.kind);
  const total = isOutcome(flags.kind) ? (comparison.counts.corrected ?? comparison.counts).kinds[flags.kind] : 0;
  if (!terminal.json) terminal.note(`${shown} shown${narrowed ? '' : ` of ${total} ${flags.kind}`}.`);
}

/** Finds the kinds of change that are asked for, and refuses what is none. */
export async function requireKinds(
  workbench: Workbench,
  comparisonId: string,
  { kind, where = [] }: Pick<FlipChoice, 'kind' | 'where'>,
): Promise<void> {
  const stated = where.map(parseStatement).flatMap((one) => (one?.is === 'change' ? [one.name] : []));
  for (const name of [...(isOutcome(kind) ? [] : [kind]), ...stated]) await requireKind(workbench, comparisonId, name);
}

/** Finds the kinds of change, and refuses one that is none. */
export async function requireKind(workbench: Workbench, comparisonId: string, kind: string): Promise<void> {
  const known = Object.keys(await workbench.comparisons.kinds(comparisonId));
  if (known.includes(kind.replace(/:gone$/, ''))) return;
  throw new WorkbenchError('bad-input', `“${kind}” is neither an outcome nor a kind of change.`, {
    remedy: `Choose one of ${outcomes.join(', ')}, or of ${known.join(', ')}.`,
    place: { field: 'kind' },
  });
}

/** The samples that --kind, --slice, --search and --where choose. */
export function filterOf({ kind, slice, search, where, withoutTrained }: FlipChoice): FlipFilter {
  return {
    ...(isOutcome(kind) ? { kinds: [kind] } : { kinds: ['negative'] as const satisfies FlipKind[], changes: [kind] }),
    ...(slice === undefined ? {} : { slices: [slice] }),
    ...(where === undefined ? {} : { where }),
    ...(withoutTrained === true ? { trained: 'without' as const } : {}),
    ...(search === undefined ? {} : { search, searchMode: 'substring' as const }),
  };
}

/** The worst come first. */
function sortOf({ sort, kind }: FlipFlags): FlipSort {
  if (sort === 'id') return { column: 'sampleId', direction: 'ascending' };
  if (sort === 'length') return { column: 'length', direction: 'descending' };
  return { column: 'delta', direction: kind === 'positive' ? 'descending' : 'ascending' };
}

function describe(row: FlipExportRow): string {
  const delta = row.delta === null ? '' : `  Δ ${formatSignedNumber(row.delta)}`;
  const side = (name: string, output: string | null, verdict: string | null, margin: number | null) =>
    `  ${name} ${verdict ?? 'no verdict'}: ${row.rejected === null ? cut(output ?? '(no output)') : `margin ${margin === null ? '–' : formatSignedNumber(margin)}`}`;
  const pair = row.rejected === null ? [] : [`  chosen: ${cut(row.target ?? '')}`, `  rejected: ${cut(row.rejected)}`];
  return [
    `${plain(row.sampleId)}  ${row.kind}${delta}${row.slices.length === 0 ? '' : `  ${plain(row.slices.join(', '))}`}`,
    `  ${cut(row.prompt)}`,
    ...pair,
    side('old', row.leftOutput, row.leftVerdict, row.leftScore),
    side('new', row.rightOutput, row.rightVerdict, row.rightScore),
    '',
  ].join('\n');
}

function cut(text: string): string {
  const one = plain(text).replace(/\s+/g, ' ').trim();
  return one.length > 160 ? `${one.slice(0, 159)}…` : one;
}
