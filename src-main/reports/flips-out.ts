import type { ExampleSample, FlipText } from '../shared/domain/kinds/flip-text.ts';
import { flipClusters } from '../shared/domain/kinds/flip-clusters.ts';
import type { FlipKind } from '../shared/domain/flips.ts';
import { clusterName } from '../shared/presentation/flip-set.ts';
import { formatCount } from '../shared/presentation/numbers.ts';
import { plural } from '../shared/presentation/words.ts';
import { block, inline } from './markdown-text.ts';

/**
 * A set of flips for other tools: preference pairs as TRL's trainers read them, tasks of promptfoo and lm-eval that ask the same
 * prompts again, and the text of an issue.
 */
export const flipTools = ['trl', 'promptfoo', 'lm-eval', 'issue'] as const;
export type FlipTool = (typeof flipTools)[number];

/** A sample of the set, as the store exports it. */
export interface OutgoingFlip {
  readonly sampleKey: number;
  readonly sampleId: string;
  readonly kind: FlipKind;
  readonly prompt: string;
  readonly target: string | null;
  readonly leftOutput: string | null;
  readonly rightOutput: string | null;
  readonly changes: readonly string[];
}

/** What the set is of, in words. */
export interface SetOf {
  /** “old → new”. */
  readonly comparison: string;
  /** The filter in force: “negative flips, kind refusal, slice maths”. */
  readonly filter: string;
}

/** Text of files by what is added to the name that was asked for, how many samples are in them, and what is not, with why. */
export interface FlipsOut {
  readonly files: readonly { readonly suffix: string; readonly text: string }[];
  readonly written: number;
  readonly leftOut: readonly { readonly count: number; readonly why: string }[];
}

export function flipsOut(tool: FlipTool, flips: readonly OutgoingFlip[], of: SetOf): FlipsOut {
  switch (tool) {
    case 'trl':
      return preferencePairs(flips);
    case 'promptfoo':
      return promptfooConfig(flips, of);
    case 'lm-eval':
      return lmEvalTask(flips, of);
    case 'issue':
      return { files: [{ suffix: '', text: issueText(flips, of) }], written: flips.length, leftOut: [] };
  }
}

/** TRL's preference format with explicit prompts: the right answer is chosen, the wrong one rejected. */
function preferencePairs(flips: readonly OutgoingFlip[]): FlipsOut {
  const pairs: string[] = [];
  const left = { noFlip: 0, noText: 0, same: 0 };
  for (const { kind, prompt, leftOutput, rightOutput } of flips) {
    if (kind !== 'negative' && kind !== 'positive') left.noFlip += 1;
    else if (leftOutput === null || rightOutput === null) left.noText += 1;
    else if (leftOutput === rightOutput) left.same += 1;
    else {
      const [chosen, rejected] = kind === 'negative' ? [leftOutput, rightOutput] : [rightOutput, leftOutput];
      pairs.push(`${JSON.stringify({ prompt, chosen, rejected })}\n`);
    }
  }
  return {
    files: [{ suffix: '', text: pairs.join('') }],
    written: pairs.length,
    leftOut: reasons([
      [left.noFlip, 'did not flip: neither answer is to be preferred'],
      [left.noText, 'have no text on a side'],
      [left.same, 'are the same text on both sides'],
    ]),
  };
}

/** promptfoo renders templates in variables, so that a prompt with braces is kept from it. */
function promptfooConfig(flips: readonly OutgoingFlip[], { comparison, filter }: SetOf): FlipsOut {
  const raw = (text: string): string =>
    /\{[{%#]/.test(text) ? `{% raw %}${text.replaceAll('{% endraw %}', '{ % endraw % }')}{% endraw %}` : text;
  const tests = flips.map(({ sampleId, prompt, target }) => ({
    description: sampleId,
    vars: { prompt: raw(prompt) },
    ...(target === null || target === '' ? {} : { assert: [{ type: 'icontains', value: raw(target) }] }),
  }));
  const untested = tests.filter((test) => !('assert' in test)).length;
  const config = { description: `${comparison}: ${filter}`, prompts: ['{{prompt}}'], tests };
  return {
    files: [{ suffix: '', text: `${JSON.stringify(config, null, 2)}\n` }],
    written: tests.length,
    leftOut: reasons([[untested, 'have no target and are asked without an assertion']]),
  };
}

/** A task that asks for an answer and compares it with the target: its YAML, and the documents next to it. */
function lmEvalTask(flips: readonly OutgoingFlip[], { comparison, filter }: SetOf): FlipsOut {
  const documents = flips.filter(({ target }) => target !== null && target !== '');
  const data = documents.map(({ sampleId, prompt, target }) => `${JSON.stringify({ id: sampleId, prompt, target })}\n`);
  const yaml = [
    `# ${comparison.replace(/\s+/g, ' ')}: ${filter.replace(/\s+/g, ' ')}`,
    'task: flipguard_flips',
    'dataset_path: json',
    'dataset_kwargs:',
    '  data_files:',
    '    test: DATA',
    'test_split: test',
    'output_type: generate_until',
    'doc_to_text: prompt',
    'doc_to_target: target',
    'generation_kwargs:',
    '  until: []',
    '  do_sample: false',
    '  max_gen_toks: 512',
    'metric_list:',
    '  - metric: exact_match',
    '    aggregation: mean',
    '    higher_is_better: true',
    '    ignore_case: true',
    '    ignore_punctuation: true',
    '',
  ].join('\n');
  return {
    files: [
      { suffix: '', text: yaml },
      { suffix: '.jsonl', text: data.join('') },
    ],
    written: documents.length,
    leftOut: reasons([[flips.length - documents.length, 'have no target to compare an answer with']]),
  };
}

const typicalShown = 10;

/** An issue: what the set is, its groups, and the samples that stand for most of it. */
function issueText(flips: readonly OutgoingFlip[], { comparison, filter }: SetOf): string {
  const texts = flips.flatMap(flipText);
  const clusters = flipClusters(texts, typicalShown);
  const byKey = new Map(flips.map((flip) => [flip.sampleKey, flip]));
  const typical = inTurn(clusters.map((cluster) => cluster.typical)).slice(0, typicalShown);
  const shown = typical.flatMap(({ sampleKey }) => byKey.get(sampleKey) ?? []);
  return `${[
    `## ${inline(comparison)}: ${plural(flips.length, 'sample')}`,
    `Samples: ${inline(filter)}.`,
    clusters.map((cluster) => `- ${formatCount(cluster.count)}: ${inline(clusterName(cluster))}`).join('\n'),
    ...(shown.length === 0 ? [] : [`### The ${plural(shown.length, 'most typical sample')}`]),
    ...shown.flatMap(sampleBlocks),
  ]
    .filter((part) => part !== '')
    .join('\n\n')}\n`;
}

function sampleBlocks({ sampleId, prompt, target, leftOutput, rightOutput, changes }: OutgoingFlip): string[] {
  const part = (label: string, text: string | null): string[] => (text === null ? [] : [`${label}:`, block(text)]);
  return [
    `#### ${inline(sampleId)}${changes.length === 0 ? '' : ` (${inline(changes.join(', '))})`}`,
    ...part('Prompt', prompt),
    ...part('Target', target),
    ...part('Old answer', leftOutput),
    ...part('New answer', rightOutput),
  ];
}

/** The first of each list, then the second of each, and so on. */
function inTurn(lists: readonly (readonly ExampleSample[])[]): ExampleSample[] {
  const longest = Math.max(0, ...lists.map(({ length }) => length));
  return Array.from({ length: longest }, (_, i) => lists.flatMap((list) => list[i] ?? [])).flat();
}

function flipText({ leftOutput, rightOutput, ...flip }: OutgoingFlip): FlipText[] {
  return leftOutput === null || rightOutput === null ? [] : [{ ...flip, old: leftOutput, now: rightOutput }];
}

function reasons(all: readonly (readonly [count: number, why: string])[]): FlipsOut['leftOut'] {
  return all.filter(([count]) => count > 0).map(([count, why]) => ({ count, why }));
}
