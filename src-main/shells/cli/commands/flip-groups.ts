import type { ComparisonRecord, FlipFilter } from '../../../shared/domain/flip-view.ts';
import type { SetStatements } from '../../../shared/domain/kinds/set-statements.ts';
import { filterWords } from '../../../shared/presentation/filter-words.ts';
import { clusterName } from '../../../shared/presentation/flip-set.ts';
import { titleOfComparison } from '../../../shared/presentation/names.ts';
import { formatCount } from '../../../shared/presentation/numbers.ts';
import { statementSentence } from '../../../shared/presentation/statements.ts';
import { plural } from '../../../shared/presentation/words.ts';
import type { Workbench } from '../../../workbench/workbench.ts';
import type { CommandContext } from '../context.ts';
import { plain, shellWord, table } from '../terminal.ts';
import { judgedDocument, judgedLines, judgedOf } from './flip-judge.ts';
import type { JudgeFlags } from './flip-judge.ts';

const shownChanges = 20;

/** A set of flips in words: what its samples have in common, groups of what changed alike, which answer became which. */
export async function printGroups(
  context: CommandContext,
  workbench: Workbench,
  comparison: ComparisonRecord,
  filter: FlipFilter,
  flags: JudgeFlags,
): Promise<void> {
  const judged = await judgedOf(context, workbench, comparison, filter, flags);
  const { terminal, task } = context;
  const statements = await workbench.comparisons.statements(comparison.id, filter, task);
  const { samples, read, answers, clusters } = await workbench.comparisons.flipSet(comparison.id, filter, task);
  terminal.settle();
  const groups = clusters.map((cluster) => ({ name: clusterName(cluster), ...cluster }));
  terminal.document({
    samples,
    read,
    inCommon: statementsDocument(statements),
    judged: judged && judgedDocument(judged),
    groups,
    answers,
  });
  const changes = answers.changes.slice(0, shownChanges);
  terminal.print(
    [
      `${plain(titleOfComparison(comparison))}: ${plural(statements.samples, 'sample')} (${plain(filterWords(filter))})`,
      ...(read < samples ? [`${formatCount(read)} of ${formatCount(samples)} were read, evenly spread.`] : []),
      ...statementLines(statements),
      ...(judged === null ? [] : judgedLines(judged)),
      ...(groups.length === 0
        ? ['', 'No sample has a text on both sides, so there are no groups.']
        : [
            '',
            table(
              ['Samples', 'What changed', 'Most typical'],
              groups.map(({ count, name, typical }) => [
                count,
                plain(name),
                plain(typical.map(({ sampleId }) => sampleId).join(', ')),
              ]),
            ),
          ]),
      ...(changes.length === 0
        ? []
        : [
            '',
            table(
              ['From', 'To', 'Samples', 'Example'],
              changes.map(({ from, to, count, example }) => [plain(from), plain(to), count, plain(example.sampleId)]),
            ),
          ]),
      ...(answers.distinct > changes.length
        ? [`${formatCount(answers.distinct - changes.length)} rarer changes are not shown; --json has more.`]
        : []),
    ].join('\n'),
  );
}

/** What samples have in common, in sentences; that nothing was found is said where something was tried. */
export function statementLines({ samples, rest, tried, best }: SetStatements): string[] {
  if (samples === 0 || rest === 0) return [];
  if (best.length === 0) {
    return [
      '',
      `Nothing sets them apart from the rest: ${plural(tried, 'statement')} tried, none that chance would not explain.`,
    ];
  }
  return [
    '',
    `What they have in common (${plural(tried, 'statement')} tried):`,
    ...best.map((one) => `- ${plain(statementSentence(one))} --where ${shellWord(one.statement)}`),
  ];
}

export function statementsDocument({ best, ...counts }: SetStatements): object {
  return { ...counts, best: best.map((one) => ({ sentence: statementSentence(one), ...one })) };
}
