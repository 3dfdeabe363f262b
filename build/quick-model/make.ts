/**
 * Makes resources/quick-model, the small model of `flipguard demo --quick`, from nothing but stories15M: stories15M writes stories, a
 * tokenizer is learnt from them, and a small Llama is trained on them by the workbench's own trainer. Seeded throughout.
 *
 *   node build/node24.mjs build/quick-model/make.ts WORK_FOLDER
 *
 * Every stage keeps what it made in WORK_FOLDER and is not repeated. About an hour on two cores.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { runSpecSchema } from '../../src-main/shared/domain/run-spec.ts';
import type { TrainJob } from '../../src-main/shared/domain/jobs.ts';
import { superviseTrainer } from '../../src-main/trainer/host.ts';
import { launchNodeTrainer } from '../../src-main/trainer/node-child.ts';
import { fetchStories15m } from '../../src-main/workbench/models/demo-model.ts';
import { sharedCacheFolder } from '../../src-main/workbench/workspace/workspace-layout.ts';
import { vocabSize, writeInitialModel } from './initial-model.ts';
import { trainTokenizerFromStories } from './train-tokenizer.ts';
import { writeStories } from './write-stories.ts';

const storyCount = 3008;
/** The demo's own stories, which training never sees: whole ones for the checks, then openings for the preference pairs. */
const checkStories = 330;
const pairStories = 450;
const openingWords = 45;
const steps = 1200;
const seed = 0;

const [work] = process.argv.slice(2);
if (work === undefined) throw new Error('usage: make.ts WORK_FOLDER');
mkdirSync(work, { recursive: true });
const inWork = (name: string): string => path.join(work, name);
const resources = fileURLToPath(new URL('../../resources/quick-model/', import.meta.url));

await writeStories(await fetchStories15m({ cacheFolder: sharedCacheFolder() }), inWork('stories.ndjson'), storyCount);
const lines = readFileSync(inWork('stories.ndjson'), 'utf8').trim().split('\n').slice(0, storyCount);
const stories = lines.map((line) => (JSON.parse(line) as { text: string }).text);
const heldOut = checkStories + pairStories;
writeLines(
  inWork('train.ndjson'),
  stories.slice(heldOut).map((text, i) => ({ kind: 'completion', id: `story-${i}`, prompt: '', completion: text })),
);
writeLines(
  inWork('learn.ndjson'),
  stories.slice(heldOut).map((text) => ({ text })),
);
if (!existsSync(inWork('tokenizer.json')))
  trainTokenizerFromStories(inWork('learn.ndjson'), inWork('tokenizer.json'), vocabSize);
if (!existsSync(inWork('initial'))) await writeInitialModel(inWork('initial'), inWork('tokenizer.json'), seed);
await train();

const trained = inWork(`run/checkpoints/${steps}`);
mkdirSync(resources, { recursive: true });
for (const file of ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json']) {
  copyFileSync(path.join(trained, file), path.join(resources, file));
}
const openings = stories.slice(checkStories, heldOut).map((text) => text.split(/\s+/).slice(0, openingWords).join(' '));
writeLines(
  path.join(resources, 'stories.ndjson'),
  [...stories.slice(0, checkStories), ...openings].map((text) => ({ text })),
);

async function train(): Promise<void> {
  const job: TrainJob = {
    kind: 'train',
    runId: 'quick-model',
    spec: runSpecSchema.parse({
      name: 'quick-model',
      model: 'initial',
      dataset: { train: 'stories' },
      algorithm: { kind: 'sft', completionOnly: false },
      optimizer: {
        learningRate: 3e-3,
        beta2: 0.95,
        weightDecay: 0.1,
        schedule: 'cosine',
        warmupSteps: 100,
        maxGradNorm: 1,
      },
      batch: { size: 16, maxLength: 384, groupByLength: true },
      steps,
      seed,
      checkpoint: { every: 300, keep: 'last' },
    }),
    modelPath: inWork('initial'),
    trainRowsPath: inWork('train.ndjson'),
    suites: [],
    runFolder: inWork('run'),
    cacheFolder: inWork('cache'),
    resume: existsSync(inWork('run/checkpoints')),
  };
  mkdirSync(job.runFolder, { recursive: true });
  const session = superviseTrainer(launchNodeTrainer, job, (events) => {
    for (const event of events) {
      if (event.type === 'step' && event.step % 20 === 0) {
        process.stderr.write(`step ${event.step} of ${steps}, loss ${event.metrics['loss']?.toFixed(3)}\n`);
      }
    }
    return Promise.resolve();
  });
  const end = await session.ended;
  if (end.kind !== 'finished') throw new Error(end.error.message);
}

function writeLines(file: string, rows: readonly unknown[]): void {
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
}
