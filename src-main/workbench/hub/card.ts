import { stringify } from 'yaml';
import { formatCount, formatPercent, formatPercentRange } from '../../shared/presentation/numbers.ts';

/** What a card states of weights or of a report. */
export interface CardFacts {
  title: string;
  kind: 'model' | 'adapter' | 'gguf' | 'report';
  /** What training started from: its name, and its repository on the Hub where it came from there. */
  base: { name: string; repository: string | null } | null;
  data: readonly { name: string; rows: number; sha256: string; licence: string | null }[];
  /** One line: the algorithm, its guard, its tuning; null where nothing was trained here. */
  method: string | null;
  /** Of training, as pairs of name and value. */
  settings: readonly (readonly [string, string])[];
  flips: readonly {
    suite: string;
    against: string;
    n: number;
    negative: number;
    positive: number;
    nfr: { value: number | null; low: number | null; high: number | null };
  }[];
  load: readonly { tool: string; command: string }[];
}

/** By which an upload knows its own card again. */
export const cardMark = '<!-- written by FlipGuard Workbench -->';

/** A card of the Hub: a head that its pages read, and what a reader wants to know of the weights. */
export function cardOf(facts: CardFacts): string {
  const { base, data, kind } = facts;
  const library = { model: 'transformers', adapter: 'peft', gguf: 'gguf', report: undefined }[kind];
  const head = {
    ...(base?.repository == null ? {} : { base_model: base.repository }),
    ...(library === undefined ? {} : { library_name: library }),
    tags: ['flipguard', ...(kind === 'adapter' ? ['lora'] : [])],
  };
  return [
    `---\n${stringify(head)}---`,
    cardMark,
    `# ${line(facts.title)}`,
    '## Base',
    base === null
      ? 'Not known.'
      : `${line(base.name)}${base.repository === null ? '' : ` ([${base.repository}](https://huggingface.co/${base.repository}))`}`,
    '## Data',
    data.length === 0
      ? 'None: nothing was trained here.'
      : data
          .map(
            ({ name, rows, sha256, licence }) =>
              `- ${line(name)}: ${formatCount(rows)} rows, sha256 \`${sha256}\`${licence === null ? '' : `, licence ${line(licence)}`}`,
          )
          .join('\n'),
    '## Method',
    [
      line(facts.method ?? 'Not trained here.'),
      ...facts.settings.map(([name, value]) => `- ${name}: ${line(value)}`),
    ].join('\n'),
    '## Flips',
    flipsOf(facts),
    ...(facts.load.length === 0
      ? []
      : ['## Load', facts.load.map(({ tool, command }) => `${tool}: \`${command}\``).join('\n\n')]),
    '',
  ].join('\n\n');
}

function flipsOf({ flips }: CardFacts): string {
  if (flips.length === 0) return 'Not measured: no suite was evaluated both before and after.';
  const rows = flips.map(({ suite, against, n, negative, positive, nfr }) => {
    const range =
      nfr.low === null || nfr.high === null ? '' : ` (${formatPercentRange({ low: nfr.low, high: nfr.high })})`;
    return `| ${cell(suite)} | ${cell(against)} | ${formatCount(n)} | ${formatCount(negative)} | ${formatCount(positive)} | ${formatPercent(nfr.value)}${range} |`;
  });
  return [
    'A negative flip was right before and is wrong now; the range is a 95 % interval.',
    '',
    '| suite | against | samples | negative flips | positive flips | negative flip rate |',
    '| --- | --- | ---: | ---: | ---: | ---: |',
    ...rows,
  ].join('\n');
}

/** Names come from anywhere: one line, and nothing of it is HTML. */
function line(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('<', '&lt;');
}

function cell(text: string): string {
  return line(text).replaceAll('|', '\\|');
}
