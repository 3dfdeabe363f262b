import { explainChange } from '../../../src-main/shared/domain/kinds/classify.ts';
import { defaultKindSettings, kindRules } from '../../../src-main/shared/domain/kinds/own-kinds.ts';
import type { ChangeKind } from '../../../src-main/shared/domain/kinds/change-kinds.ts';
import { changeKinds } from '../../../src-main/shared/domain/kinds/change-kinds.ts';
import { wilson } from '../../../src-main/shared/domain/statistics/intervals.ts';
import type { Rate } from '../../../src-main/shared/domain/statistics/comparison-summary.ts';
import { formatPercentRange } from '../../../src-main/shared/presentation/numbers.ts';
import { aloneSets } from './alone.ts';
import type { Marked, MarkedSet } from './marked.ts';
import { pairSets } from './pairs.ts';
import { targetSets } from './with-target.ts';

export interface MeasuredRule {
  readonly kind: ChangeKind;
  readonly made: string;
  readonly texts: number;
  readonly hard: number;
  /** Of what the rule says, what a reader says too; of what a reader says, what the rule says too. */
  readonly precision: Rate;
  readonly recall: Rate;
  readonly wrong: readonly Marked[];
}

export const markedSets: readonly MarkedSet[] = [...aloneSets, ...targetSets, ...pairSets];
const rules = kindRules(defaultKindSettings);

function saysSo(kind: ChangeKind, { prompt, target, old, now, was, is }: Marked): boolean {
  const answer = (text: string, right: boolean) => ({ text, right, wrong: !right, cut: null });
  const outcome = was === is ? (was ? 'kept-right' : 'kept-wrong') : was ? 'negative' : 'positive';
  const evidence = explainChange({ prompt, target, left: answer(old, was), right: answer(now, is) }, outcome, rules);
  return evidence.some((one) => one.kind === kind && one.change === 'appeared');
}

/** Every rule on its marked set, in the order of the kinds. */
export function measureRules(): MeasuredRule[] {
  const measured = markedSets.map(({ kind, made, texts }): MeasuredRule => {
    const said = texts.map((text) => saysSo(kind, text));
    const both = texts.filter(({ holds }, i) => holds && said[i]).length;
    return {
      kind,
      made,
      texts: texts.length,
      hard: texts.filter(({ holds }) => !holds).length,
      precision: wilson(both, said.filter(Boolean).length),
      recall: wilson(both, texts.filter(({ holds }) => holds).length),
      wrong: texts.filter(({ holds }, i) => holds !== said[i]),
    };
  });
  return measured.sort((a, b) => changeKinds.indexOf(a.kind) - changeKinds.indexOf(b.kind));
}

/** The table of the reference page. */
export function measuredTable(rules: readonly MeasuredRule[]): string {
  const shown = (rate: Rate): string =>
    `${rate.value === null ? '–' : rate.value.toFixed(3)} | ${formatPercentRange(rate)}`;
  return [
    '| kind | texts | of them not of the kind | precision | 95 % interval | recall | 95 % interval | made |',
    '|---|---:|---:|---:|---|---:|---|---|',
    ...rules.map(
      ({ kind, texts, hard, precision, recall, made }) =>
        `| \`${kind}\` | ${texts} | ${hard} | ${shown(precision)} | ${shown(recall)} | ${made} |`,
    ),
  ].join('\n');
}
