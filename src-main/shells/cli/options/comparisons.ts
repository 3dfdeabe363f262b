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
import {
  correctionOption,
  kindOption,
  pairByOption,
  ruleOption,
  suiteOption,
  variantOption,
  whereOption,
} from './pairs.ts';
import { kindLimits, prices, rate, wholeNumber } from './values.ts';
import type { KindLimit } from './values.ts';

const commands = {
  compare: lazily(async () => (await import('../commands/compare.ts')).compareCommand),
  flips: lazily(async () => (await import('../commands/flips.ts')).flipsCommand),
  judge: lazily(async () => (await import('../commands/judge.ts')).judgeCommand),
  gate: lazily(async () => (await import('../commands/gate.ts')).gateCommand),
  report: lazily(async () => (await import('../commands/report.ts')).reportCommand),
};

export function addComparisons(program: Program, go: Go): void {
  program
    .command('compare <left> <right>')
    .description('compare two evaluations: flips, rates, intervals')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--slice <name>', 'only this slice')
    .option(
      '--repeat <evaluation>',
      'a second evaluation of LEFT with another seed, to see how many samples differ by sampling alone (the A/A floor)',
    )
    .option('--without-trained', 'only samples whose prompt neither side was trained on')
    .addOption(correctionOption())
    .action((left: string, right: string, options: CompareFlags) => go(commands.compare, left, right, options));
  program
    .command('flips <left> <right>')
    .description('list the samples that changed')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .addOption(kindOption())
    .option('--slice <name>', 'only this slice')
    .option('--without-trained', 'only samples whose prompt neither side was trained on')
    .option('--search <text>', 'only samples with this text in a prompt or output')
    .option(...whereOption)
    .option('--groups', 'put the set into words: what it has in common, groups of what changed alike')
    .option(
      '--judge <url>',
      'with --groups: have a model behind an OpenAI-compatible endpoint propose statements and judge each, sample by sample (needs --allow-endpoint)',
    )
    .option('--judge-model <name>', 'with --judge: what the endpoint calls the model')
    .option(
      '--judge-samples <n>',
      'with --judge: samples of the set and of the rest to judge on (default: 40)',
      wholeNumber,
    )
    .option('--judge-seed <n>', 'with --judge: seed by which they are drawn (default: 0)', wholeNumber)
    .option(
      '--judge-price <in,out>',
      'with --judge: price of a million tokens read and written, to tell the cost',
      prices,
    )
    .addOption(
      new Option('--sort <column>', 'sort by worst change, id, or longest new output')
        .choices(['delta', 'id', 'length'])
        .default('delta'),
    )
    .option('--limit <n>', 'largest number to list', wholeNumber)
    .addOption(
      new Option(
        '--as <tool>',
        'write them for another tool: preference pairs for TRL, a promptfoo configuration, an lm-eval task (with its documents), or the text of an issue with the ten most typical samples',
      ).choices([...flipTools]),
    )
    .option('--out <file>', 'with --as: file to write')
    .action((left: string, right: string, options: FlipFlags) => go(commands.flips, left, right, options));
  program
    .command('judge <left> <right>')
    .description(
      'have a model behind an OpenAI-compatible endpoint say which of two answers is better, in both orders; its verdicts are a new evaluation, with the judge’s card',
    )
    .requiredOption('--judge <url>', 'address of the endpoint, up to and including /v1 (needs --allow-endpoint)')
    .requiredOption('--judge-model <name>', 'what the endpoint calls the model')
    .option(
      '--rubric <text>',
      'what makes an answer better, or @FILE with it (default: by which answers of this suite were judged last)',
    )
    .option(
      '--key-env <variable>',
      'environment variable that holds the key, and ends in KEY or TOKEN (default: FLIPGUARD_JUDGE_KEY, where it is for this address)',
    )
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--samples <n>', 'samples to judge, drawn by the seed (default: all)', wholeNumber)
    .option(
      '--again <n>',
      'samples to ask about once more, for repetition stability and the floor; 0 for none (default: 50)',
      wholeNumber,
    )
    .option(
      '--repeat <evaluation>',
      'a second evaluation of LEFT with another seed: how often the judge calls it worse is the floor of its flips',
    )
    .option('--seed <n>', 'seed by which samples are drawn (default: 0)', wholeNumber)
    .option('--price <in,out>', 'price of a million tokens read and written, to tell the cost', prices)
    .option('--fresh', 'ask again what was answered before; without it, only what is missing is asked')
    .option('--dry-run', 'say what would be sent and what it would cost, and stop')
    .option('--name <name>', 'name of the evaluation')
    .action((left: string, right: string, options: JudgePairsFlags) => go(commands.judge, left, right, options));
  program
    .command('gate <left> <right>')
    .description('check limits for CI, judged by the interval’s bound: exit 0 pass, 1 fail, 2 undecided')
    .option('--max-nfr <x>', 'highest rate of negative flips, e.g. 0.02 or 2%', rate)
    .option('--max-drop <y>', 'largest drop in accuracy, e.g. 0.01 or 1% for one percentage point', rate)
    .option(
      '--max-excess <z>',
      'most negative flips beyond sampling noise, for evaluations with repeats, e.g. 0.01 or 1% for one percentage point',
      rate,
    )
    .option(
      '--max-kind <kind=x>',
      'highest rate of negative flips of one kind of change, e.g. refusal=0.5%; repeatable',
      kindLimits,
    )
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--markdown <file>', 'write a summary for a pull request')
    .option('--junit <file>', 'write JUnit XML')
    .action((left: string, right: string, options: GateFlags) => go(commands.gate, left, right, options));
  program
    .command('report [subject...]')
    .description('write a report on LEFT RIGHT, one RUN, several runs (--runs) or a study (--study)')
    .addOption(
      new Option(
        '--format <format>',
        'a report to read (html, pdf, md), or its rows (default: from the extension of --out)',
      ).choices([...reportFormats]),
    )
    .requiredOption('--out <file>', 'file to write')
    .addOption(ruleOption())
    .option(...suiteOption)
    .option(...pairByOption)
    .option(...variantOption)
    .option('--study <name>', 'report on a study, as far as it is measured')
    .option('--runs', 'the arguments are runs: show their methods side by side at equal reward and KL')
    .option('--title <title>', 'title of the report')
    .option('--sections <name...>', `only these sections: ${reportSections.join(', ')}`)
    .addOption(correctionOption())
    .option('--redact-texts', 'leave out prompts and outputs')
    .option('--private-tag <tag...>', 'leave out samples with these tags')
    .action((subject: string[], options: ReportFlags) => go(commands.report, subject, options));
}

/** What says which two evaluations are compared, and how. */
export interface PairFlags {
  rule?: string;
  suite?: string;
  pairBy?: string;
  variant?: string;
}
export interface JudgePairsFlags extends PairFlags {
  judge: string;
  judgeModel: string;
  rubric?: string;
  keyEnv?: string;
  samples?: number;
  again?: number;
  repeat?: string;
  fresh?: boolean;
  dryRun?: boolean;
  seed?: number;
  price?: readonly [input: number, output: number];
  name?: string;
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
  where?: string[];
  withoutTrained?: boolean;
}
export interface FlipFlags extends FlipChoice {
  sort: 'delta' | 'id' | 'length';
  limit?: number;
  as?: FlipTool;
  groups?: boolean;
  out?: string;
  judge?: string;
  judgeModel?: string;
  judgeSamples?: number;
  judgeSeed?: number;
  judgePrice?: readonly [input: number, output: number];
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
