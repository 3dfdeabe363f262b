import { Option } from 'commander';
import { changeKinds } from '../../../shared/domain/kinds/change-kinds.ts';
import { addStatement } from './values.ts';
import { correctionNames, corrections } from '../../../shared/domain/statistics/multiple-tests.ts';

/** Options of every command that takes two evaluations. */
export const suiteOption = [
  '--suite <name>',
  'suite to compare on if both sides have several (default: the newest)',
] as const;
export const pairByOption = [
  '--pair-by <way>',
  'how to pair samples: id, content, prompt, field:NAME or auto (whichever pairs most)',
] as const;
export const variantOption = [
  '--variant <name>',
  'measure to compare by where the sources have several (filter, annotator, scorer, metric)',
] as const;
export const ruleOption = () =>
  new Option(
    '--rule <rule>',
    'what counts as a flip: verdict, margin:TAU or threshold:C (default: verdict, or margin:0 where samples have only scores)',
  );
export const outcomes = ['negative', 'positive', 'kept-right', 'kept-wrong'] as const;
export function isOutcome(kind: string): kind is (typeof outcomes)[number] {
  return (outcomes as readonly string[]).includes(kind);
}
export const kindOption = () =>
  new Option(
    '--kind <kind>',
    `which samples, by outcome (${outcomes.join(', ')}) or by kind of change (${changeKinds.join(', ')}, or your own; KIND:gone if only the old answer has it)`,
  ).default('negative');
export const correctionOption = () =>
  new Option('--correction <method>', `how to adjust p-values of slices (bh: ${correctionNames.bh})`)
    .choices([...corrections])
    .default('holm');
export const whereOption = [
  '--where <statement>',
  'only samples of which this holds: prompt:WORDS, prompt-length:FROM..BELOW, target-length:FROM..BELOW, slice:NAME, tag:NAME or change:KIND; repeatable',
  addStatement,
] as const;
