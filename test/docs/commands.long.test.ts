import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { fencedBlocks } from './fenced-blocks.ts';
import type { FencedBlock } from './fenced-blocks.ts';
import {
  alpacaEval,
  examples,
  faultyData,
  lmEval,
  otherTools,
  trainerOutput,
  toldOutput,
  training,
} from './materials.ts';
import type { Material } from './materials.ts';
import { Shell } from './shell.ts';

/**
 * Every command of the documentation is run, page by page and in order, in a folder of the page's own: `sh` blocks by bash
 * (`exit=1` behind the language names another exit status than 0); a `text` block behind one holds lines that it prints; `yaml
 * file=NAME` blocks are written as that file. What cannot be run here is in `console` blocks, and why, below.
 */
// A page uses one processor most of the time.
vi.setConfig({ maxConcurrency: 2, testTimeout: 600_000 });
const checkout = resolve(import.meta.dirname, '../..');
const trainingPage = 'docs/how-to/train-with-flipguard.md';

interface Needs {
  /** The page continues in the folder that this one leaves. */
  after?: string;
  materials?: readonly Material[];
}
const needs: Record<string, Needs> = {
  'README.md': { materials: [examples] },
  'docs/tutorial.md': { after: trainingPage, materials: [demoRuns] },
  'docs/how-to/write-a-scorer.md': { materials: [training] },
  'docs/how-to/bring-a-trl-run.md': { materials: [training, trainerOutput, toldOutput] },
  'docs/how-to/import-from-lm-eval.md': { materials: [lmEval] },
  'docs/how-to/import-from-alpaca-eval.md': { materials: [alpacaEval] },
  'docs/how-to/import-from-other-tools.md': { materials: [otherTools] },
  [trainingPage]: { materials: [training] },
  'docs/how-to/check-your-data.md': { materials: [faultyData] },
  'docs/how-to/choose-epsilon-and-weight.md': { after: trainingPage },
  'docs/how-to/relaunch-and-sweep.md': { after: trainingPage },
  'docs/how-to/run-a-study.md': { after: trainingPage },
  'docs/how-to/merge-models.md': { after: trainingPage },
  'docs/how-to/guard-sets.md': { after: trainingPage },
  'docs/how-to/move-or-back-up-a-workspace.md': { after: trainingPage },
  'docs/how-to/run-on-a-headless-gpu-box.md': { after: trainingPage },
  'docs/how-to/use-the-gate-in-ci.md': { materials: [lmEval] },
  'docs/how-to/read-the-statistics.md': { materials: [lmEval, imported] },
};

const notRunHere: readonly { command: RegExp; why: string }[] = [
  {
    command: /^npm (ci|start|test|run demo|run package|run test:(faults|fuzz)|link)\b/,
    why: 'installs, opens a window, runs all tests, or takes minutes',
  },
  { command: /^git clone REPOSITORY\b/, why: 'needs the network' },
  { command: /^npx flipguard demo\b/, why: 'takes minutes; the tutorial continues with runs of the same names' },
  {
    command: /^npx flipguard import model stories15m\b/,
    why: 'downloads 112 MB; test/engine has it where it can be had',
  },
  {
    command: /^npx flipguard import (model|dataset|eval) [\w.-]+\/[\w.-]+( |$)/,
    why: 'downloads from the Hub; test/workbench/hub has a small Hub of its own',
  },
  {
    command: /^npx flipguard (import model \.\/my-adapter|export checkpoint my-run@200|export report my-run)\b/,
    why: 'needs a model of real size; test/workbench/models and test/workbench/exporting have tiny ones',
  },
  { command: /^npx flipguard endpoint\b/, why: 'stays in the foreground; test/shells talks to it' },
  {
    command: /^npx flipguard (interpolate base dpo|merge merge\.yaml --set|merge search|evaluate searched)\b/,
    why: 'would be many processes; another page interpolates, and test/shells searches',
  },
  { command: /^npx flipguard study .* --out\b/, why: 'trains for minutes; test/shells runs a small one' },
  {
    command: /^npx flipguard serve\b(?! --stop)/,
    why: 'stays in the foreground, or continues after the page; test/security and test/shells talk to the server',
  },
  { command: /^npx flipguard connect\b/, why: 'needs another machine; test/shells has a sshd of its own' },
  {
    command: /^npx flipguard (stop|resume)\b/,
    why: 'needs a run that is at work; test/workbench/runs has some',
  },
  { command: /^(npx flipguard doctor --fix|npm run setup)$/, why: 'downloads TensorFlow; test/build tries set-up' },
  { command: /^(FLIPGUARD_\w+=\S+ )+(npm|npx)\b/, why: 'sets up native parts with libraries of the reader' },
  {
    command: /^(npm run bench:\w+|node build\/node24\.mjs test\/bench\/.*)$/,
    why: 'measures for minutes, and prints no verdict',
  },
  { command: /^npx flipguard bench gpu\b/, why: 'takes minutes; test/shells measures a tiny model' },
  { command: /^npx flipguard report .* --format pdf\b/, why: 'needs a Chromium' },
  { command: /^(ssh|scp|rsync|nvidia-smi)\b/, why: 'needs another machine or its GPU' },
  {
    command: /^npx flipguard (import model --endpoint|evaluate (before|after) |compare before after)/,
    why: 'needs a server; test/endpoints plays some',
  },
  {
    command: /^npx flipguard (site (add|doctor|jobs|log|bring|retry)\b|.* --site )/,
    why: 'needs a cluster; test/slurm has one',
  },
  { command: /^lm_eval\b/, why: 'lm-evaluation-harness is no part of the workbench' },
];

const root = mkdtempSync(join(tmpdir(), 'flipguard-docs-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const pages = globSync(['README.md', 'docs/**/*.md'], { cwd: checkout }).sort();
const blocksOf = (page: string): FencedBlock[] => fencedBlocks(readFileSync(join(checkout, page), 'utf8'));
const isRun = ({ language }: FencedBlock): boolean => language === 'sh';

describe('commands of the documentation', () => {
  const played = new Map<string, Promise<string>>();

  /** Runs a page once; returns the folder it leaves. */
  function play(page: string): Promise<string> {
    const known = played.get(page);
    if (known !== undefined) return known;
    const playing = playInFolder(page);
    played.set(page, playing);
    return playing;
  }

  async function playInFolder(page: string): Promise<string> {
    const folder = join(root, page.replaceAll(/\W+/g, '-'));
    const { after, materials = [] } = needs[page] ?? {};
    if (after === undefined) mkdirSync(folder);
    else cpSync(await play(after), folder, { recursive: true });
    for (const material of materials) await material(folder);
    const shell = new Shell(folder, join(root, 'tools'));
    let printed = '';
    for (const { language, settings, text, line } of blocksOf(page)) {
      const place = `${page}, line ${line}`;
      if (settings.file !== undefined) writeFileSync(join(folder, settings.file), shortened(text));
      if (language === 'text') expect(printed, place).toContain(text);
      if (language !== 'sh') continue;
      const { status, output } = await shell.run(text);
      expect(status, `${place}:\n${text}\n\n${output}`).toBe(Number(settings.exit ?? 0));
      printed = output;
    }
    return folder;
  }

  it.concurrent.for(pages.filter((page) => blocksOf(page).some(isRun)))('%s', async (page, ctx) => {
    if (process.platform === 'win32') ctx.skip('the blocks are written for a POSIX shell');
    await play(page);
  });

  it('are in sh blocks, or for a reason in console blocks', () => {
    const stray = pages.flatMap((page) =>
      blocksOf(page)
        .filter(({ language }) => language === 'console')
        .flatMap(({ text }) => text.split('\n'))
        .filter((line) => line !== '' && !line.startsWith('#') && !notRunHere.some(({ command }) => command.test(line)))
        .map((line) => `${page}: ${line}`),
    );
    expect(stray).toEqual([]);
  });

  it('do not hide in indented blocks or in blocks of other languages', () => {
    const hidden = pages.flatMap((page) => {
      const indented = readFileSync(join(checkout, page), 'utf8').match(/^ {4,}(npx|npm|node) .*$/gm) ?? [];
      const others = blocksOf(page).filter(
        ({ language, text }) => !['sh', 'console'].includes(language) && /^(npx|npm|node) /m.test(text),
      );
      return [...indented, ...others.map(({ text }) => text)].map((text) => `${page}: ${text}`);
    });
    expect(hidden).toEqual([]);
  });

  it('of the example workflow give its answer and leave its files', async (ctx) => {
    if (process.platform === 'win32') ctx.skip('the steps are written for a POSIX shell');
    const folder = join(root, 'workflow');
    lmEval(folder);
    symlinkSync(checkout, join(folder, 'flipguard-workbench'));
    const shell = new Shell(folder, join(root, 'tools'));
    const [gate, summary] = workflowScripts(join(checkout, 'docs/examples/flipguard-gate.yml'));
    const judged = await shell.run(gate ?? '');
    expect(judged.status, judged.output).toBe(1);
    const shown = await shell.run(`GITHUB_STEP_SUMMARY=summary.md; ${summary ?? ''}`);
    expect(shown.status, shown.output).toBe(0);
    expect(readFileSync(join(folder, 'summary.md'), 'utf8')).toContain('FlipGuard gate: ✗ failed');
    expect(['flips.html', 'gate.xml'].filter((name) => !existsSync(join(folder, name)))).toEqual([]);
  });

  it('belong to pages that exist', () => {
    expect(Object.keys(needs).filter((page) => !existsSync(join(checkout, page)))).toEqual([]);
  });
});

/** A spec as the page has it, with two steps: what a command does shows after them as well. */
function shortened(spec: string): string {
  return spec.replaceAll(/^steps: \d+|\bevery: \d+/gm, (field) => field.replace(/\d+/, '2'));
}

/** The evaluations that other pages imported. */
async function imported(folder: string): Promise<void> {
  await silently(
    folder,
    ['before', 'after'].map((name) => `npx flipguard import eval results/${name} --name ${name}`),
  );
}

/** A model and runs under the demo's names. */
async function demoRuns(folder: string): Promise<void> {
  await silently(folder, [
    'npx flipguard import model models/base --name quick-model',
    'npx flipguard relaunch dpo --set name=DPO --set model=quick-model',
    'npx flipguard relaunch dpo --set "name=DPO + FlipGuard" --set model=quick-model --set guard.kind=flipguard',
  ]);
}

async function silently(folder: string, commands: readonly string[]): Promise<void> {
  const { status, output } = await new Shell(folder, join(root, 'tools')).run(commands.join('\n'));
  expect(status, output).toBe(0);
}

/** The scripts of a workflow's only job that run in the repository itself. */
function workflowScripts(file: string): string[] {
  const step = z.object({ run: z.string().optional(), 'working-directory': z.string().optional() });
  const workflow = z.object({ jobs: z.object({ gate: z.object({ steps: z.array(step) }) }) });
  const { steps } = workflow.parse(parse(readFileSync(file, 'utf8'))).jobs.gate;
  return steps.flatMap((one) => (one.run === undefined || one['working-directory'] !== undefined ? [] : [one.run]));
}
