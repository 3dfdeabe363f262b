import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { AnswerPart, Answered, Question, ServedModel } from '../../shared/domain/serving.ts';
import type { TrainerEvent } from '../../shared/domain/trainer-events.ts';
import { superviseTrainer } from '../../trainer/host.ts';
import type { TrainerSession } from '../../trainer/host.ts';
import type { Core } from '../core.ts';
import { findWeights, type Weights, weightsPlaces } from '../models/weights.ts';
import type { DeviceGrant } from '../supervision/device.ts';
import type { Task } from '../supervision/task.ts';

export type TextPart = Extract<AnswerPart, { kind: 'text' }>;

/** Models that answer questions, in one child that has the device while it is asked. */
export interface Serving {
  /** Names as they were given, in that order. */
  readonly models: readonly string[];
  /** Where the model of one of them is, with its tokenizer; of an adapter its base. */
  folderOf(model: string): string;
  /** Rejects as `cancelled` when nobody waits any more. */
  ask(question: Question, onText: (part: TextPart) => void, signal: AbortSignal): Promise<Answered>;
  close(): Promise<void>;
}

export interface ServingOptions {
  /** How long the weights stay loaded, and the device taken, after the last answer. */
  idleMs: number;
  /** What others read who wait for the device. */
  what?: string;
  /** Called with sentences for the person at the terminal. */
  say(sentence: string): void;
  /** How far the loading of a model is. */
  onProgress?(event: Extract<TrainerEvent, { type: 'progress' }>): void;
}

interface Waiting {
  onText(part: TextPart): void;
  resolve(answer: Answered): void;
  reject(error: unknown): void;
}

interface Child {
  session: TrainerSession;
  /** Who waits for its answers, by the question’s number. */
  waiting: Map<number, Waiting>;
  /** Resolves when the process is gone and the device is free. */
  gone: Promise<void>;
}

/** Finds and checks the weights of every target; nothing is loaded before the first question. */
export async function openServing(
  core: Core,
  targets: readonly string[],
  { idleMs, what = `an endpoint for ${targets.join(', ')}`, say, onProgress = () => {} }: ServingOptions,
  task: Task,
): Promise<Serving> {
  const twice = targets.find((name, i) => targets.indexOf(name) < i);
  if (twice !== undefined) throw new WorkbenchError('bad-input', `“${twice}” was named twice.`);
  const weights: Weights[] = [];
  for (const name of targets) weights.push(await findWeights(core, name));
  const places = await weightsPlaces(core, weights, task);
  const models = places.map((place, i): ServedModel => ({ name: targets[i] ?? '', ...place }));
  const closing = new AbortController();
  let asked = 0;
  let open = 0;
  let child: Promise<Child> | null = null;
  /** Resolves when the children that were told to stop are gone. */
  let leaving: Promise<unknown> = Promise.resolve();
  let idle: NodeJS.Timeout | null = null;

  function begin(): Promise<Child> {
    const own: Promise<Child> = start(() => {
      if (child === own) child = null;
    });
    return own;
  }

  async function start(onGone: () => void): Promise<Child> {
    const device = await core.device.take({
      what,
      short: true,
      signal: closing.signal,
      onWait: (holder) => say(`Questions wait for the device: ${holder}.`),
    });
    const waiting: Child['waiting'] = new Map();
    const session = superviseTrainer(core.launchTrainer, { kind: 'serve', models }, (events) => {
      for (const event of events) {
        if (event.type === 'progress') onProgress(event);
        else take(event, waiting);
      }
      return Promise.resolve();
    });
    return { session, waiting, gone: end(session, waiting, device, onGone) };
  }

  async function end(
    session: TrainerSession,
    waiting: Child['waiting'],
    device: DeviceGrant,
    onGone: () => void,
  ): Promise<void> {
    const ended = await session.ended;
    onGone();
    await device.release();
    const error =
      ended.kind === 'finished'
        ? new WorkbenchError('unavailable', 'The endpoint is being closed.')
        : WorkbenchError.fromReport(ended.error);
    for (const [id, one] of waiting) {
      waiting.delete(id);
      one.reject(error);
    }
  }

  /** Ends the child; who asks from now on gets another one, which waits for the device. */
  function rest(): Promise<unknown> {
    leaving = Promise.all([leaving, stop(child)]);
    child = null;
    return leaving;
  }

  async function stop(resting: Promise<Child> | null): Promise<void> {
    const current = await resting?.catch(() => null);
    current?.session.stop();
    await current?.gone;
  }

  /** Its failures are those of the child that it ends, which the next question hears of. */
  function restLater(): void {
    idle = setTimeout(() => {
      if (open === 0) rest().catch(() => {});
    }, idleMs);
    idle.unref();
  }

  async function answer(question: Question, onText: Waiting['onText'], signal: AbortSignal): Promise<Answered> {
    const asking = (child ??= begin());
    const { session, waiting } = await asking.catch((error: unknown) => {
      if (child === asking) child = null;
      throw error;
    });
    if (signal.aborted) throw new WorkbenchError('cancelled', 'Nobody waits for the answer.');
    const id = ++asked;
    const answered = Promise.withResolvers<Answered>();
    waiting.set(id, { onText, resolve: answered.resolve, reject: answered.reject });
    const forget = () => {
      waiting.delete(id);
      session.forget(id);
      answered.reject(new WorkbenchError('cancelled', 'Nobody waits for the answer.'));
    };
    signal.addEventListener('abort', forget, { once: true });
    session.ask(id, question);
    return answered.promise.finally(() => signal.removeEventListener('abort', forget));
  }

  return {
    models: targets,
    folderOf: (model) => models.find(({ name }) => name === model)?.path ?? '',
    async ask(question, onText, signal) {
      if (idle !== null) clearTimeout(idle);
      open += 1;
      try {
        return await answer(question, onText, signal);
      } finally {
        open -= 1;
        if (open === 0 && !closing.signal.aborted) restLater();
      }
    },
    async close() {
      if (idle !== null) clearTimeout(idle);
      closing.abort();
      await rest();
    },
  };
}

function take(event: TrainerEvent, waiting: Child['waiting']): void {
  if (event.type !== 'answer') return;
  const { id, part } = event;
  const one = waiting.get(id);
  if (one === undefined) return;
  if (part.kind === 'text') return one.onText(part);
  waiting.delete(id);
  if (part.kind === 'done') one.resolve(part);
  else one.reject(failureOf(part));
}

function failureOf({ code, message }: Extract<AnswerPart, { kind: 'failed' }>): WorkbenchError {
  if (code === 'context_length_exceeded') return new WorkbenchError('bad-input', message, { place: { field: code } });
  const known = ['bad-input', 'not-found', 'unsupported', 'out-of-memory', 'cancelled'] as const;
  return new WorkbenchError(known.find((one) => one === code) ?? 'internal', message);
}
