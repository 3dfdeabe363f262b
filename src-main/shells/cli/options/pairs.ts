import { Option } from 'commander';
import { changeKinds } from '../../../shared/domain/kinds/change-kinds.ts';
import { correctionNames, corrections } from '../../../shared/domain/statistics/multiple-tests.ts';

/** Options of every command that takes two evaluations. */
export const suiteOption = [
  '--suite <name>',
  'which suite to compare on where both sides have several; by default the newest',
] as const;
export const pairByOption = [
  '--pair-by <way>',
  'which samples are the same: id, content, prompt, field:NAME, or auto, which takes what pairs most',
] as const;
export const variantOption = [
  '--variant <name>',
  'the measure to compare by, where the sources of both sides have several (filter, annotator, scorer, metric)',
] as const;
export const ruleOption = () =>
  new Option(
    '--rule <rule>',
    'verdict, margin:TAU or threshold:C; by default verdict, and margin:0 where samples have scores and no verdicts',
  );
export const outcomes = ['negative', 'positive', 'kept-right', 'kept-wrong'] as const;
export function isOutcome(kind: string): kind is (typeof outcomes)[number] {
  return (outcomes as readonly string[]).includes(kind);
}
export const kindOption = () =>
  new Option(
    '--kind <kind>',
    `what became of the samples (${outcomes.join(', ')}), or why they got worse (${changeKinds.join(', ')}, an own kind; KIND:gone where the old answer alone has it)`,
  ).default('negative');
export const correctionOption = () =>
  new Option('--correction <method>', `how p-values of slices are adjusted (bh: ${correctionNames.bh})`)
    .choices([...corrections])
    .default('holm');
