import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { SuiteItem, SuiteSpec } from '../../shared/domain/evaluations.ts';
import { freeName } from '../workspace/names.ts';
import { partOf } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import type { Workbench } from '../workbench.ts';
import type { DemoSettings } from './settings.ts';
import { sampledTokens } from './settings.ts';
import { clozeItem, openingOf, rankedPairs, wordsItem } from './stories.ts';

/** What a demo trains on and is checked with, by the names the workspace has for it: they are in the runs' specs. */
export interface Material {
  dataset: string;
  suites: {
    words: string;
    cloze: string;
    /** Greedy continuations, and sampled ones: old output against new output. */
    greedy: string;
    sampled: string;
  };
}

/** Stories, or the openings of stories, that the model writes from nothing but its beginning-of-text token. */
export async function writeStories(
  workbench: Workbench,
  modelId: string,
  { count, maxTokens, seed }: { count: number; maxTokens: number; seed: number },
  task: Task,
): Promise<string[]> {
  const prompts = Array.from({ length: count }, (_, i) => ({ id: String(i), prompt: '' }));
  const decoding = { temperature: 1, maxNewTokens: maxTokens, seed };
  const sampled = await workbench.madeModels.sample(modelId, { prompts, samplesPerPrompt: 1, decoding }, task);
  return prompts.flatMap(({ id }) => sampled.get(id)?.map(({ text }) => text) ?? []);
}

/** Cuts stories into checks and prompts, lets the model answer the prompts, ranks its answers, and stores it all. */
export async function prepareMaterial(
  workbench: Workbench,
  modelId: string,
  stories: readonly string[],
  settings: DemoSettings,
  task: Task,
): Promise<Material> {
  const checked = stories.slice(0, settings.checkStories);
  const trained = stories.slice(settings.checkStories, settings.checkStories + settings.pairStories);
  const rows = await samplePairs(workbench, modelId, trained, settings, partOf(task, 0, 0.95));
  task.progress('storing pairs and checks', 0.95);
  const rewardItems = numbered(checked, openingOf)
    .slice(0, settings.rewardPrompts)
    .map(([id, prompt]): SuiteItem => ({ kind: 'generate', id, prompt }));
  return {
    dataset: await addDataset(workbench, 'cheerful-pairs', rows),
    suites: {
      words: await addSuite(
        workbench,
        { name: 'words', kind: 'words', wordLexicon: 'afinn' },
        itemsOf(checked.slice(0, settings.wordStories), wordsItem),
      ),
      cloze: await addSuite(workbench, { name: 'cloze', kind: 'cloze' }, itemsOf(checked, clozeItem)),
      greedy: await addSuite(workbench, { name: 'greedy', ...rated(0) }, rewardItems),
      // Last, so that it is the reward that methods are held against.
      sampled: await addSuite(
        workbench,
        { name: 'sampled', ...rated(1), repeats: settings.sampledAnswers },
        rewardItems,
      ),
    },
  };
}

/** Old output against new output by their reward; a greedy one has no chance in it. */
function rated(temperature: number): Pick<SuiteSpec, 'kind' | 'scorer' | 'decoding'> {
  return {
    kind: 'outputs',
    scorer: { kind: 'lexicon', lexicon: 'afinn' },
    decoding: { temperature, maxNewTokens: sampledTokens, seed: 0 },
  };
}

async function samplePairs(
  workbench: Workbench,
  modelId: string,
  stories: readonly string[],
  settings: DemoSettings,
  task: Task,
): Promise<DatasetRow[]> {
  const prompts = numbered(stories, openingOf).map(([id, prompt]) => ({ id, prompt }));
  const request = {
    prompts,
    samplesPerPrompt: settings.samplesPerPrompt,
    lexicon: 'afinn' as const,
    decoding: { temperature: 1, maxNewTokens: sampledTokens, seed: 0 },
  };
  const sampled = await workbench.madeModels.sample(modelId, request, task);
  return rankedPairs(prompts.map(({ id, prompt }) => ({ id, prompt, outputs: sampled.get(id) ?? [] })));
}

/** What `cut` makes of each story, with an id that tells which story it was. */
function numbered<T>(stories: readonly string[], cut: (story: string) => T | null): [string, T][] {
  return stories.flatMap((story, index): [string, T][] => {
    const part = cut(story);
    return part === null ? [] : [[`story-${index}`, part]];
  });
}

function itemsOf(stories: readonly string[], cut: (story: string, id: string) => SuiteItem | null): SuiteItem[] {
  return stories.flatMap((story, index) => cut(story, `story-${index}`) ?? []);
}

async function addDataset({ core: { store } }: Workbench, base: string, rows: DatasetRow[]): Promise<string> {
  const name = freeName(await store.listDatasets(), base);
  const ingest = await store.beginDataset({ name, kind: 'preference', import: null });
  await ingest.push(rows);
  await ingest.commit();
  return name;
}

async function addSuite(
  { core: { store } }: Workbench,
  suite: Omit<SuiteSpec, 'id'>,
  items: SuiteItem[],
): Promise<string> {
  const name = freeName(await store.listSuites(), suite.name);
  const ingest = await store.beginSuite({ ...suite, name, origin: 'demo', import: null });
  await ingest.push(items);
  await ingest.commit();
  return name;
}
