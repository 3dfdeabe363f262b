/**
 * Makes what docs/examples/study-260k.yaml and study-15m.yaml name, in a workspace of its own:
 *
 *     node build/node24.mjs test/bench/study-material.ts WORKSPACE MODEL-FOLDER STORIES.jsonl [--model stories15m] [--test 150] [--test-from 550]
 *
 * STORIES has one `{"text": …}` a line, 800 or more. Prompts, validation and test are cut from different stories; a guard may hold the words of
 * 300 stories whose openings are prompts. Pairs are the best and the worst by AFINN of four samples of the model itself to each prompt. The
 * test split has 250 stories from number 550 on; `--test-from` takes others, and with `--test N` it has N, and its suites are called test*N*.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { clozeItem, openingOf, rankedPairs, wordsItem } from '../../src-main/workbench/demo/stories.ts';
import { createWorkbench } from '../../src-main/workbench/create-workbench.ts';
import type { SuiteItem } from '../../src-main/shared/domain/evaluations.ts';

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    model: { type: 'string', default: 'stories260k' },
    test: { type: 'string' },
    'test-from': { type: 'string', default: '550' },
  },
});
const [folder = '', modelFolder = '', storiesFile = ''] = positionals;
const testSplit = `test${options.test ?? ''}`;
const task = { signal: new AbortController().signal, progress: () => {} };
const sampled = { temperature: 1, maxNewTokens: 60, seed: 0 };
const greedy = { temperature: 0, maxNewTokens: 60, seed: 0 };
const scorer = { kind: 'lexicon', lexicon: 'afinn' } as const;

const stories = readFileSync(storiesFile, 'utf8')
  .trim()
  .split('\n')
  .map((line) => (JSON.parse(line) as { text: string }).text);
const testFrom = Number(options['test-from']);
const parts = {
  train: stories.slice(0, 400),
  validation: stories.slice(400, 550),
  [testSplit]: stories.slice(testFrom, testFrom + Number(options.test ?? 250)),
};

const workbench = await createWorkbench({ folder, shell: 'web', launchTrainer: launchNodeTrainer });
const model = await workbench.models.add(modelFolder, { name: options.model }, task);
const cut = <T>(from: readonly string[], make: (story: string, id: string) => T | null): T[] =>
  from.flatMap((story, i) => make(story, `story-${i}`) ?? []);

const prompts = cut(parts['train']!, (story, id) => {
  const prompt = openingOf(story);
  return prompt === null ? null : { id, prompt };
});
const request = { prompts, samplesPerPrompt: 4, lexicon: 'afinn' as const, decoding: sampled };
const answers = await workbench.madeModels.sample(model.id, request, task);
await workbench.imports.addDataset(
  'pairs',
  rankedPairs(prompts.map((one) => ({ ...one, outputs: answers.get(one.id) ?? [] }))),
);
await workbench.imports.addDataset(
  'prompts',
  prompts.map(({ id, prompt }) => ({ kind: 'prompt', id, prompt })),
);
await workbench.imports.addSuite('words-guard', { kind: 'words' }, cut(parts['train']!.slice(0, 300), wordsItem));
for (const split of ['validation', testSplit]) {
  const stretch = parts[split]!;
  const generate = cut(stretch, (story, id): SuiteItem | null => {
    const prompt = openingOf(story);
    return prompt === null ? null : { kind: 'generate', id, prompt };
  });
  await workbench.imports.addSuite(`words-${split}`, { kind: 'words' }, cut(stretch, wordsItem));
  await workbench.imports.addSuite(`cloze-${split}`, { kind: 'cloze' }, cut(stretch, clozeItem));
  await workbench.imports.addSuite(`sampled-${split}`, { kind: 'generate', scorer, decoding: sampled }, generate);
  await workbench.imports.addSuite(`greedy-${split}`, { kind: 'generate', scorer, decoding: greedy }, generate);
}
const { core } = workbench;
for (const { name, rows } of await core.store.listDatasets()) console.log(`dataset ${name}: ${rows} rows`);
for (const { name, items } of await core.store.listSuites()) console.log(`suite ${name}: ${items} items`);
await workbench.close();
