import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Answered, Question } from '../../shared/domain/serving.ts';
import { firstDifference } from '../../shared/domain/tried-prompt.ts';
import type { PromptFormat, TriedAnswer, TriedPrompt } from '../../shared/domain/tried-prompt.ts';
import type { Core } from '../core.ts';
import { quietTask, type Task } from '../supervision/task.ts';
import { tellProgress } from '../supervision/trainer-jobs.ts';
import { openServing } from './serving.ts';
import type { Serving } from './serving.ts';

/** One prompt and how it is answered: the same seed for every model. */
export interface PromptWish {
  prompt: string;
  format: PromptFormat;
  /** 0 is greedy. */
  temperature: number;
  maxTokens: number;
  seed: number;
}

/** `side`: 0 the old or only model, 1 the new one. */
export type OnText = (side: number, text: string) => void;

/** Puts a prompt to each of the models that are served, one after the other, and says where two answers part. */
export async function tryPrompt(
  serving: Serving,
  wish: PromptWish,
  onText: OnText,
  signal: AbortSignal,
): Promise<TriedPrompt> {
  const format = wish.format === 'auto' ? await usualFormat(serving) : wish.format;
  const answers: TriedAnswer[] = [];
  for (const [side, target] of serving.models.entries()) {
    const answered = await serving.ask(questionOf(target, wish, format), ({ text }) => onText(side, text), signal);
    answers.push(answerOf(target, answered));
  }
  const [old, now] = answers;
  const differsAt = old === undefined || now === undefined ? null : firstDifference(old.tokens, now.tokens);
  return { prompt: wish.prompt, format, answers, differsAt };
}

/** A chat where every model has a template for one: answers are compared that were asked for in the same way. */
async function usualFormat(serving: Serving): Promise<'text' | 'chat'> {
  const templated = await Promise.all(serving.models.map((name) => hasTemplate(serving.folderOf(name))));
  return templated.every(Boolean) ? 'chat' : 'text';
}

async function hasTemplate(folder: string): Promise<boolean> {
  const read = (file: string) => readFile(path.join(folder, file), 'utf8').catch(() => null);
  if ((await read('chat_template.jinja')) !== null) return true;
  try {
    const config: unknown = JSON.parse((await read('tokenizer_config.json')) ?? '{}');
    const template = typeof config === 'object' && config !== null && 'chat_template' in config && config.chat_template;
    return template !== false && template !== null && template !== undefined;
  } catch {
    // The tokenizer's own reader says what is wrong with it.
    return false;
  }
}

function questionOf(model: string, wish: PromptWish, format: 'text' | 'chat'): Question {
  const { prompt, temperature, maxTokens, seed } = wish;
  return {
    model,
    prompt:
      format === 'chat'
        ? { kind: 'chat', messages: [{ role: 'user', content: prompt }] }
        : { kind: 'text', text: prompt },
    n: 1,
    maxTokens,
    temperature,
    seed,
    place: 0,
    stop: [],
    top: 0,
    scorePrompt: false,
    stream: true,
  };
}

function answerOf(target: string, { answers: [answer] }: Answered): TriedAnswer {
  if (answer === undefined) throw new WorkbenchError('internal', `“${target}” gave no answer.`);
  const { text, tokens, finish } = answer;
  const own = finish === 'stop' ? tokens.slice(0, -1) : tokens;
  const probability = (logProb: number | null) => (logProb === null ? null : Math.exp(logProb));
  return {
    target,
    text,
    finish,
    tokens: own.map((token) => ({ id: token.id, text: token.text, probability: probability(token.logProb) })),
  };
}

/** Prompts of the windows: the models that were asked last stay loaded for a while. */
export interface Prompting {
  try(targets: readonly string[], wish: PromptWish, onText: OnText, task: Task): Promise<TriedPrompt>;
  close(): Promise<void>;
}

/** Long enough to write the next prompt; what waits for the device should not wait for a person who left. */
const keepLoadedMs = 20_000;

/** One set of models at a time: who asks waits until the one before has its answer, as `Computations` sees to. */
export function createPrompting(core: Core, idleMs: number = keepLoadedMs): Prompting {
  let open: { key: string; serving: Serving } | null = null;
  let asking: Task = quietTask();

  async function shut(): Promise<void> {
    const before = open;
    open = null;
    await before?.serving.close();
  }

  async function servingOf(targets: readonly string[], task: Task): Promise<Serving> {
    const key = JSON.stringify(targets);
    if (open?.key === key) return open.serving;
    await shut();
    const serving = await openServing(
      core,
      targets,
      {
        ...{ idleMs, what: 'a prompt' },
        // Of whoever asks now: the models stay loaded from one prompt to the next.
        say: (sentence) => asking.progress(sentence.replace(/\.$/, ''), null),
        onProgress: (event) => tellProgress(asking, event),
      },
      task,
    );
    open = { key, serving };
    return serving;
  }

  return {
    async try(targets, wish, onText, task) {
      asking = task;
      task.progress('loading the weights', null);
      const serving = await servingOf(targets, task);
      const told: OnText = (side, text) => {
        task.progress(
          targets.length < 2 ? 'answering' : side === 0 ? 'the old model answers' : 'the new model answers',
          null,
        );
        onText(side, text);
      };
      return tryPrompt(serving, wish, told, task.signal);
    },
    close: shut,
  };
}
