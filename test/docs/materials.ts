import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { plantedPairs, plantedQuestions } from '../helpers/planted-data.ts';

/** The files that pages tell a reader to have: small, and the same every time. Names are those of the pages. */
export type Material = (folder: string) => Promise<void> | void;

const checkout = resolve(import.meta.dirname, '../..');

/** The quick demo's model, a few of its stories, and preference pairs that end them one way or the other. */
export function training(folder: string): void {
  const source = join(checkout, 'resources', 'quick-model');
  cpSync(source, join(folder, 'models', 'base'), {
    recursive: true,
    filter: (file) => basename(file) !== 'stories.ndjson',
  });
  const lines = readFileSync(join(source, 'stories.ndjson'), 'utf8').split('\n').slice(0, 32);
  const stories = lines.map((line) => (JSON.parse(line) as { text: string }).text);
  // In the slice that the demo gives to sad words.
  const told = stories.slice(0, 4).map((text) => ({ text, slice: 'negative-words' }));
  writeLines(join(folder, 'stories.jsonl'), told);
  writeLines(
    join(folder, 'pairs.jsonl'),
    stories.map((text, i) => ({
      prompt: text.split(' ').slice(0, 8).join(' '),
      chosen: ` ${['happy', 'kind', 'good', 'nice'][i % 4]} and smiled.`,
      rejected: ` ${['sad', 'mean', 'bad', 'mad'][i % 4]} and cried ${i} times.`,
    })),
  );
}

/** What a trainer of transformers leaves: the model at two steps, and its log. */
export function trainerOutput(folder: string): void {
  for (const step of [2, 4]) {
    const place = join(folder, 'outputs', 'dpo', `checkpoint-${step}`);
    cpSync(join(folder, 'models', 'base'), place, { recursive: true });
    const history = Array.from({ length: step }, (_, i) => ({ step: i + 1, epoch: (i + 1) / 4, loss: 0.7 - i / 10 }));
    writeJson(join(place, 'trainer_state.json'), { global_step: step, max_steps: 4, log_history: history });
  }
}

/** What TRL leaves with the callback for Python: each pair's numbers, and what became of its evaluation data. */
export function toldOutput(folder: string): void {
  cpSync(join(checkout, 'test', 'assets', 'trainers', 'dpo-told'), join(folder, 'outputs', 'told'), {
    recursive: true,
  });
}

/** The quick demo's model, pairs with a few faults, more pairs, and the questions of an evaluation, one of which is among the pairs. */
export function faultyData(folder: string): void {
  training(folder);
  const pairs = [...plantedPairs(24, { duplicates: 2, nearDuplicates: 1, contradictions: 1 })];
  // The planted prompts are plain texts.
  const asked = (i: number) => pairs[i]?.prompt as string;
  const texts = ({ prompt, chosen, rejected }: (typeof pairs)[number]) => ({ prompt, chosen, rejected });
  writeLines(join(folder, 'pairs.jsonl'), pairs.map(texts));
  writeLines(join(folder, 'chats.jsonl'), [...plantedPairs(20, {}, 5)].map(texts));
  const questions = [asked(20), ...plantedQuestions(2)];
  writeLines(
    join(folder, 'questions.jsonl'),
    questions.map((prompt, i) => ({ id: String(i), prompt, target: 'word' })),
  );
}

/**
 * Results folders of lm-evaluation-harness: before and after an update on 400 questions, 39 of them broken and 11 repaired, and
 * one of a task with two filters.
 */
export function lmEval(folder: string): void {
  const rightBefore = (i: number) => i < 284;
  const rightAfter = (i: number) => (i < 284 ? i >= 39 : i < 295);
  const run = (name: string, task: string, samples: object[]) =>
    lmEvalRun(join(folder, 'results', name), task, samples);
  run('before', 'arithmetic', lmEvalSamples('none', rightBefore));
  run('after', 'arithmetic', lmEvalSamples('none', rightAfter));
  run('gsm8k', 'gsm8k', [
    ...lmEvalSamples('strict-match', rightAfter),
    ...lmEvalSamples('flexible-extract', rightBefore),
  ]);
}

function lmEvalRun(folder: string, task: string, samples: object[]): void {
  const moment = '2025-01-01T10-00-00.000001';
  writeJson(join(folder, `results_${moment}.json`), {
    results: { [task]: { alias: task } },
    lm_eval_version: '0.4.9',
    model_name: folder,
  });
  writeLines(join(folder, `samples_${task}_${moment}.jsonl`), samples);
}

function lmEvalSamples(filter: string, isRight: (i: number) => boolean): object[] {
  return Array.from({ length: 400 }, (_, i) => ({
    doc_id: i,
    doc: { question: `What is ${i} + ${i}?`, answer: String(2 * i) },
    target: String(2 * i),
    arguments: { gen_args_0: { arg_0: `What is ${i} + ${i}?`, arg_1: { until: ['\n'], temperature: 0 } } },
    resps: [[String(isRight(i) ? 2 * i : -i)]],
    filtered_resps: [String(isRight(i) ? 2 * i : -i)],
    filter,
    metrics: ['exact_match'],
    exact_match: isRight(i) ? 1 : 0,
  }));
}

/** Two models' folders of AlpacaEval on the same 60 instructions, with wins, losses, a tie and a missing verdict. */
export function alpacaEval(folder: string): void {
  alpacaModel(join(folder, 'results', 'my-model-sft'), (i) => (i === 0 ? null : i === 1 ? 1.5 : i < 40 ? 2 : 1));
  alpacaModel(join(folder, 'results', 'my-model-dpo'), (i) => (i < 5 ? 1 : i < 50 ? 2 : 1));
}

function alpacaModel(folder: string, preferenceOf: (i: number) => number | null): void {
  const generator = basename(folder);
  const items = Array.from({ length: 60 }, (_, i) => ({
    dataset: i % 2 === 0 ? 'helpful_base' : 'koala',
    instruction: `Name ${i + 1} rivers.`,
  }));
  writeJson(
    join(folder, 'model_outputs.json'),
    items.map((item, i) => ({ ...item, output: `${generator} names ${i + 1} rivers.`, generator })),
  );
  writeJson(
    join(folder, 'alpaca_eval_gpt4', 'annotations.json'),
    items.map((item, i) => ({
      ...item,
      output_1: 'The baseline names rivers.',
      generator_1: 'text_davinci_003',
      output_2: `${generator} names ${i + 1} rivers.`,
      generator_2: generator,
      annotator: 'alpaca_eval_gpt4',
      preference: preferenceOf(i),
    })),
  );
}

/** Output folders of OpenCompass before and after an update, and two experiments as LangSmith’s data frames. */
export function otherTools(folder: string): void {
  for (const [name, isRight] of [
    ['before', (i: number) => i < 30],
    ['after', (i: number) => i >= 4 && i < 32],
  ] as const) {
    const run = join(folder, 'outputs', name, '20260101_000000');
    const answers = Array.from({ length: 40 }, (_, i) => String(isRight(i) ? 2 * i : -1));
    const details = answers.map((pred, i) => ({
      example_abbr: `sums_${i}`,
      pred: [pred],
      answer: [String(2 * i)],
      correct: [isRight(i)],
    }));
    const predictions = answers.map((prediction, i) => [i, { origin_prompt: `What is ${i} + ${i}?`, prediction }]);
    writeJson(join(run, 'results', 'my-model', 'sums.json'), { accuracy: 75, details });
    writeJson(join(run, 'predictions', 'my-model', 'sums.json'), Object.fromEntries(predictions));
  }
  for (const [name, isRight] of [
    ['prompt-v1', (i: number) => i < 20],
    ['prompt-v2', (i: number) => i >= 3 && i < 25],
  ] as const) {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `question ${i},answer ${i},,answer,${isRight(i) ? '1.0' : '0.0'},${i % 2},example-${i}`,
    );
    const head =
      'inputs.question,outputs.answer,error,reference.answer,feedback.correctness,feedback.concise,example_id';
    mkdirSync(join(folder, 'experiments'), { recursive: true });
    writeFileSync(join(folder, 'experiments', `${name}.csv`), `${[head, ...lines].join('\n')}\n`);
  }
}

/** The example files of docs/, where a reader in the checkout finds them. */
export function examples(folder: string): void {
  cpSync(join(checkout, 'docs', 'examples'), join(folder, 'docs', 'examples'), { recursive: true });
}

function writeJson(file: string, value: unknown): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value));
}

function writeLines(file: string, records: readonly unknown[]): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}
