import { flipTools } from '../../../reports/flips-out.ts';
import type { FlipTool } from '../../../reports/flips-out.ts';
import { Option } from 'commander';
import type { Command as Program } from 'commander';
import { reportFormats } from '../../../shared/domain/reports/report-formats.ts';
import type { ReportFormat } from '../../../shared/domain/reports/report-formats.ts';
import { reportSections } from '../../../shared/domain/reports/report-model.ts';
import type { Correction } from '../../../shared/domain/statistics/multiple-tests.ts';
import { lazily } from './go.ts';
import type { Go } from './go.ts';
import { correctionOption, kindOption, pairByOption, ruleOption, suiteOption, variantOption } from './pairs.ts';
import { kindLimits, realNumber, wholeNumber } from './values.ts';
import type { KindLimit } from './values.ts';

const commands = {
  compare: lazily(async () => (await import('../commands/compare.ts')).compareCommand),
  flips: lazily(async () => (await import('../commands/flips.ts')).flipsCommand),
  gate: lazily(async () => (await import('../commands/gate.ts')).gateCommand),
  report: lazily(async () => (await import('../commands/report.ts')).reportCommand),
};

export function addComparisons(program: Program, go: Go): void {
  program
    .command('compare <left> <right>')
    .description('old against new: flips, rates, intervals')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--slice <name>', 'only this slice')
    .option(
      '--repeat <evaluation>',
      'a second evaluation of LEFT under another seed: how many samples differ by sampling alone (the A/A floor)',
    )
    .option('--without-trained', 'only samples whose prompt no run of either side was trained on')
    .addOption(correctionOption())
    .action((left: string, right: string, options: CompareFlags) => go(commands.compare, left, right, options));
  program
    .command('flips <left> <right>')
    .description('the samples that changed')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .addOption(kindOption())
    .option('--slice <name>', 'only this slice')
    .option('--without-trained', 'only samples whose prompt no run of either side was trained on')
    .option('--search <text>', 'in prompts and outputs')
    .addOption(
      new Option('--sort <column>', 'the worst change, the id, or the longest new output first')
        .choices(['delta', 'id', 'length'])
        .default('delta'),
    )
    .option('--limit <n>', 'at most so many', wholeNumber)
    .addOption(
      new Option(
        '--as <tool>',
        'write them for another tool: preference pairs for TRL, a configuration of promptfoo, a task of lm-eval (its documents lie next to it), or the text of an issue with the ten most typical samples',
      ).choices([...flipTools]),
    )
    .option('--out <file>', 'with --as: where to write it')
    .action((left: string, right: string, options: FlipFlags) => go(commands.flips, left, right, options));
  program
    .command('gate <left> <right>')
    .description('exit 0 pass, 1 fail, 2 could not be decided; judged on the interval’s bound')
    .option('--max-nfr <x>', 'highest rate of negative flips, e.g. 0.02', realNumber)
    .option('--max-drop <y>', 'largest fall of accuracy, e.g. 0.01', realNumber)
    .option(
      '--max-excess <z>',
      'highest rate of negative flips beyond what sampling alone brings, where samples were answered several times',
      realNumber,
    )
    .option(
      '--max-kind <kind=x>',
      'highest rate of negative flips of a kind of change among all samples, e.g. refusal=0.5%; repeatable',
      kindLimits,
    )
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--markdown <file>', 'a summary for a pull request')
    .option('--junit <file>', 'JUnit XML')
    .action((left: string, right: string, options: GateFlags) => go(commands.gate, left, right, options));
  program
    .command('report [subject...]')
    .description('LEFT RIGHT, one RUN, several with --runs, or a study with --study')
    .addOption(
      new Option(
        '--format <format>',
        'a report to read (html, pdf, md), or its rows; by default taken from the ending of FILE',
      ).choices([...reportFormats]),
    )
    .requiredOption('--out <file>', 'where to write it')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--study <name>', 'what a study has measured so far')
    .option('--runs', 'the words name runs: their methods side by side, at a match')
    .option('--title <title>', 'at the head of the report')
    .option('--sections <name...>', `only these: ${reportSections.join(', ')}`)
    .addOption(correctionOption())
    .option('--redact-texts', 'leave prompts and outputs out')
    .option('--private-tag <tag...>', 'leave samples with these tags out')
    .action((subject: string[], options: ReportFlags) => go(commands.report, subject, options));
}

/** What says which two evaluations are compared, and how. */
export interface PairFlags {
  rule?: string;
  suite?: string;
  pairBy?: string;
  variant?: string;
}
export interface CompareFlags extends PairFlags {
  slice?: string;
  withoutTrained?: boolean;
  repeat?: string;
  correction: Correction;
}
/** What narrows a comparison to the samples that are meant. */
export interface FlipChoice extends PairFlags {
  /** An outcome, or a kind of change among the negative flips. */
  kind: string;
  slice?: string;
  search?: string;
  withoutTrained?: boolean;
}
export interface FlipFlags extends FlipChoice {
  sort: 'delta' | 'id' | 'length';
  limit?: number;
  as?: FlipTool;
  out?: string;
}
export interface GateFlags extends PairFlags {
  maxNfr?: number;
  maxKind?: KindLimit[];
  maxDrop?: number;
  maxExcess?: number;
  markdown?: string;
  junit?: string;
}
export interface ReportFlags extends PairFlags {
  format?: ReportFormat;
  out: string;
  runs?: boolean;
  study?: string;
  title?: string;
  sections?: string[];
  correction: Correction;
  redactTexts?: boolean;
  privateTag?: string[];
}
