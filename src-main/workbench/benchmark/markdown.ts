import type { BenchmarkLine, BenchmarkMeasure, TorchMeasure } from '../../shared/domain/benchmark.ts';
import {
  formatBytes,
  formatCount,
  formatFixed,
  formatNumber,
  formatParameters,
  formatPercent,
  nothing,
} from '../../shared/presentation/numbers.ts';
import { formatDate } from '../../shared/presentation/times.ts';
import { workNames } from './run-benchmark.ts';
import type { Benchmark } from './run-benchmark.ts';
import { trlPython } from './torch.ts';

/** How a table of ours begins. */
export const benchmarkHeading = '# FlipGuard benchmark';

export interface BenchmarkCircumstances {
  version: string;
  /** Milliseconds since the epoch. */
  at: number;
  machine: string;
  /** Processes that wanted a processor during the last minute. */
  load: number;
  threads: number;
}

/** The whole as a page that explains its own columns. */
export function benchmarkMarkdown(benchmark: Benchmark, circumstances: BenchmarkCircumstances): string {
  const parts = [
    `${benchmarkHeading}\n`,
    `${whatWasMeasured(benchmark)}\n`,
    ...facts(benchmark, circumstances).map((fact) => `- ${fact}`),
    '',
    ...table(benchmark.lines),
    '',
    ...explanations(benchmark),
  ];
  return `${parts.join('\n')}\n`;
}

function whatWasMeasured({ gpu, backend, size }: Benchmark): string {
  if (gpu) return `Measured on ${cell(backend.device)} by ${backend.name}.`;
  const why = size === 'tiny' ? ', with tiny shapes that say nothing about a GPU' : '';
  return `**No GPU was measured.** No backend here sees one, so the numbers are those of the processor (${cell(backend.device)}, ${backend.name})${why}.`;
}

function facts({ backend, missing, load, lines }: Benchmark, of: BenchmarkCircumstances): string[] {
  const measured = lines.flatMap(({ own }) => ('failed' in own ? [] : [own]));
  const torch = lines.map((line) => line.torch).find((one): one is TorchMeasure => one !== null && !('failed' in one));
  const versions = (named: Readonly<Record<string, string>>) =>
    Object.entries(named)
      .map(([name, number]) => `${name} ${number}`)
      .join(', ');
  const rates = [...new Set(measured.map(({ precision }) => precision))].map((precision) => {
    const own = measured.filter((measure) => measure.precision === precision);
    const best = own.reduce((most, measure) => (measure.productRate > most.productRate ? measure : most));
    const worst = Math.max(...own.map(({ productError }) => productError));
    return `${flops(best.productRate)} in ${precision} (${best.productSize}×${best.productSize}), of a small one the relative error is at most ${formatNumber(worst, 2)}`;
  });
  return [
    `FlipGuard ${of.version}, ${formatDate(of.at)}; ${cell(of.machine)}`,
    `Backend: ${backend.name}, ${versions(backend.versions)}`,
    ...missing.map(({ name, reason }) => `Not ${name}: ${cell(reason)}`),
    ...(rates.length === 0 ? [] : [`A large product of matrices: ${rates.join('; ')}`]),
    torch === undefined
      ? `TRL: not measured (${lines.some((line) => line.torch !== null) ? 'every try failed' : `${trlPython} names no Python`})`
      : `TRL: ${versions(torch.versions)}, on ${cell(torch.device)}`,
    `A step: ${load.pairs} pairs, prompts of ${load.promptTokens} tokens, responses of ${load.responseTokens / 2} to ${load.responseTokens}; decoding: ${load.rows} rows, ${load.newTokens} new tokens each, greedy`,
    `Load of the machine at the end: ${formatFixed(of.load, 1)} on ${of.threads} threads${of.load > of.threads + 0.5 ? ' – **other work ran at the same time**: times are too long, those of PyTorch, whose threads wait for each other, most of all' : ''}`,
  ];
}

const columns = [
  'Model',
  'Work',
  'Precision',
  'Tokens/s',
  'Seconds',
  'Processor s',
  'Of product rate',
  'Memory',
  'TRL tokens/s',
  'TRL memory',
  'Against TRL',
];

function table(lines: readonly BenchmarkLine[]): string[] {
  const rows = lines.map((line) => [modelOf(line), workNames[line.work], ...ownCells(line.own), ...torchCells(line)]);
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(columns), row(columns.map((_, i) => (i < 3 ? '---' : '---:'))), ...rows.map(row)];
}

function modelOf({ model, own }: BenchmarkLine): string {
  return 'failed' in own ? cell(model) : `${cell(model)} (${formatParameters(own.parameters)})`;
}

function ownCells(own: BenchmarkLine['own']): string[] {
  if ('failed' in own) return [nothing, `failed: ${cell(own.failed)}`, ...new Array<string>(4).fill(nothing)];
  return [
    own.precision,
    formatCount(own.tokens / own.seconds),
    formatNumber(own.seconds, 3),
    formatNumber(own.processorSeconds, 3),
    formatPercent(own.operations / own.seconds / own.productRate),
    memoryOf(own),
  ];
}

function memoryOf({ memory, checkpointing }: BenchmarkMeasure): string {
  if (memory === null) return nothing;
  const notes = [memory.of === 'device' ? 'all of the GPU' : '', checkpointing ? 'checkpointing' : ''].filter(Boolean);
  return `${formatBytes(memory.bytes)}${notes.length === 0 ? '' : ` (${notes.join(', ')})`}`;
}

function torchCells({ own, torch }: BenchmarkLine): string[] {
  if (torch === null) return [nothing, nothing, nothing];
  if ('failed' in torch) return [`failed: ${cell(torch.failed)}`, nothing, nothing];
  const ratio = (ours: number, theirs: number) => `${formatFixed(theirs / ours)}×`;
  return [
    formatCount(torch.tokens / torch.seconds),
    formatBytes(torch.memoryBytes),
    'failed' in own
      ? nothing
      : `${ratio(own.seconds, torch.seconds)}, by processor time ${ratio(own.processorSeconds, torch.processorSeconds)}`,
  ];
}

function explanations({ lines }: Benchmark): string[] {
  return [
    'Seconds are the median of a step, or of decoding all rows; tokens count a prompt once for each response. “Of product rate” is the work’s own products, each prompt counted once, over what one large product reached in the same process; recomputed blocks do not count. ' +
      'Memory is the most that was held from start to end, loading included. “Against TRL” above 1 means that FlipGuard is faster.',
    ...(lines.some(({ work }) => work === 'decoding')
      ? [
          '',
          'Decoding reads every weight once for each token of all rows: the bandwidth of memory bounds it rather than products.',
        ]
      : []),
  ];
}

function flops(rate: number): string {
  return rate < 1e12 ? `${formatNumber(rate / 1e9, 3)} GFLOP/s` : `${formatNumber(rate / 1e12, 3)} TFLOP/s`;
}

/** Foreign words in a cell of a Markdown table. */
function cell(text: string): string {
  return text.replace(/\s+/g, ' ').replaceAll('|', '\\|').slice(0, 300);
}
