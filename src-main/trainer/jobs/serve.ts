import type { CausalLm } from '../../engine/models/causal-lm.ts';
import { decodeRows } from '../../engine/serve/decode-rows.ts';
import type { RowWish } from '../../engine/serve/decode-rows.ts';
import type { Drawn } from '../../engine/serve/next-token.ts';
import { scorePrompt } from '../../engine/serve/score-prompts.ts';
import type { ScoredPrompt, ScoredToken } from '../../engine/serve/score-prompts.ts';
import { loadTokenizer } from '../../engine/tokenizer/tokenizer.ts';
import type { Tokenizer } from '../../engine/tokenizer/tokenizer.ts';
import { asFailure } from '../../engine/failure.ts';
import type { Message } from '../../shared/domain/datasets.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ServeJob } from '../../shared/domain/jobs.ts';
import type { AnswerPart, Question, ServedModel, ServedToken } from '../../shared/domain/serving.ts';
import type { JobContext } from '../job-context.ts';
import { openFolder } from '../node-folders.ts';
import type { Asked, Questions } from './questions.ts';
import { SharedModels } from './shared-models.ts';

/** Rows decoded together. */
const mostRows = 32;

interface Loaded {
  model: CausalLm;
  tokenizer: Tokenizer;
}

/** Answers questions about its models until it is stopped; each model is loaded when it is first asked for, a base of several once. */
export async function runServeJob(job: ServeJob, context: JobContext, questions: Questions): Promise<void> {
  const models = new SharedModels(context);
  for (;;) {
    const asked = await questions.take(mostRows);
    if (asked === null) break;
    const [first] = asked;
    if (first === undefined) continue;
    const served = job.models.find(({ name }) => name === first.question.model);
    try {
      if (served === undefined)
        throw new WorkbenchError('not-found', `“${first.question.model}” is not among the models of this job.`);
      await answerAll(await load(served, models, asked, questions), asked, context, questions);
    } catch (error) {
      // One pass failed for all of them (out of memory): each is answered with that, and the next one starts with the memory free.
      for (const { id } of asked) await context.emit({ type: 'answer', id, part: failed(error) });
      await models.dispose();
    }
  }
  await models.dispose();
}

async function load(
  { path, adapterPath }: ServedModel,
  models: SharedModels,
  asked: readonly Asked[],
  questions: Questions,
): Promise<Loaded> {
  const tokenizer = await loadTokenizer(openFolder(path));
  const wanted = () => asked.some(({ id }) => questions.isWanted(id));
  const place = { path, ...(adapterPath === undefined ? {} : { adapterPath }) };
  return { tokenizer, model: await models.open(place, wanted) };
}

interface Begun {
  asked: Asked;
  ids: number[];
  text: string;
  scored: ScoredPrompt | null;
}

async function answerAll(
  { model, tokenizer }: Loaded,
  asked: readonly Asked[],
  context: JobContext,
  questions: Questions,
): Promise<void> {
  const begun: Begun[] = [];
  for (const one of asked) {
    if (!questions.isWanted(one.id)) continue;
    try {
      begun.push(await begin(one, model, tokenizer));
    } catch (error) {
      await context.emit({ type: 'answer', id: one.id, part: failed(error) });
    }
    await context.breathe();
  }
  const rows = begun.flatMap((one) =>
    Array.from({ length: one.asked.question.n }, (_, choice) => ({ one, choice, wish: wishOf(one, choice) })),
  );
  const sending: Promise<void>[] = [];
  const wishes = rows.map(({ one, choice, wish }): RowWish => {
    const { id, question } = one.asked;
    return {
      ...wish,
      wanted: () => questions.isWanted(id),
      ...(question.stream
        ? {
            onText: (text, tokens) => {
              const told = question.top === null ? [] : tokens.map((token) => shown(token, tokenizer));
              sending.push(context.emit({ type: 'answer', id, part: { kind: 'text', choice, text, tokens: told } }));
            },
          }
        : {}),
    };
  });
  const answers = [];
  for (let from = 0; from < wishes.length; from += mostRows) {
    answers.push(...(await decodeRows(model, tokenizer, wishes.slice(from, from + mostRows), () => context.breathe())));
  }
  await Promise.all(sending);
  for (const one of begun) {
    const own = answers.filter((_, i) => rows[i]?.one === one);
    const tellTokens = one.asked.question.top !== null;
    const part: AnswerPart = {
      kind: 'done',
      promptText: one.text,
      promptTokens: one.ids.length,
      prompt: (one.scored?.tokens ?? []).map((token) => shown(token, tokenizer)),
      answers: own.map(({ text, tokens, finish }) => ({
        text,
        finish,
        tokens: tellTokens ? tokens.map((token) => shown(token, tokenizer)) : [],
      })),
      answerTokens: own.reduce((sum, { tokens }) => sum + tokens.length, 0),
    };
    await context.emit({ type: 'answer', id: one.asked.id, part });
  }
}

async function begin(asked: Asked, model: CausalLm, tokenizer: Tokenizer): Promise<Begun> {
  const { question } = asked;
  const ids = idsOf(question, tokenizer);
  const { vocabSize, maxPositions } = model.config;
  const foreign = ids.find((id) => id >= vocabSize);
  if (foreign !== undefined)
    throw new WorkbenchError('bad-input', `The prompt holds token ${foreign}, and the model has ${vocabSize}.`);
  if (ids.length === 0)
    throw new WorkbenchError('bad-input', 'The prompt is empty, and this model has no token to start with.');
  if (ids.length > maxPositions || (ids.length === maxPositions && (question.maxTokens ?? 1) > 1)) {
    throw new WorkbenchError(
      'bad-input',
      `The prompt has ${ids.length} tokens, and the model has room for ${maxPositions} with the answer.`,
      { place: { field: 'context_length_exceeded' } },
    );
  }
  const text =
    question.prompt.kind === 'text' ? question.prompt.text : tokenizer.decode(ids, { skipSpecialTokens: false });
  const scored = question.scorePrompt ? await scorePrompt(model, ids, question.top ?? 0) : null;
  return { asked, ids, text, scored };
}

function idsOf({ prompt }: Question, tokenizer: Tokenizer): number[] {
  if (prompt.kind === 'ids') return prompt.ids;
  if (prompt.kind === 'chat') {
    const { tools } = prompt;
    // The template reads whatever fields the turns have.
    return tokenizer.encodeChat(prompt.messages as unknown as Message[], { addGenerationPrompt: true, tools });
  }
  const ids = tokenizer.encode(prompt.text);
  const first = tokenizer.bosTokenId ?? tokenizer.eosTokenId;
  return ids.length === 0 && first !== null ? [first] : ids;
}

function wishOf({ asked: { question }, ids, scored }: Begun, choice: number): Omit<RowWish, 'wanted'> {
  const { temperature, topP, topK, presencePenalty, frequencyPenalty, bias, seed, stop, top, maxTokens, place } =
    question;
  return {
    prompt: ids,
    drawing: {
      temperature,
      ...(topP === undefined ? {} : { topP }),
      ...(topK === undefined ? {} : { topK }),
      ...(presencePenalty === undefined ? {} : { presencePenalty }),
      ...(frequencyPenalty === undefined ? {} : { frequencyPenalty }),
      ...(bias === undefined ? {} : { bias: new Map(bias) }),
    },
    seed,
    stream: `${place} ${choice}`,
    maxNewTokens: maxTokens ?? Number.MAX_SAFE_INTEGER,
    stop,
    top: top ?? 0,
    ...(scored === null ? {} : { first: scored.next }),
  };
}

function shown({ id, logProb, top }: Drawn | ScoredToken, tokenizer: Tokenizer): ServedToken {
  return {
    id,
    text: tokenizer.tokenText(id),
    logProb,
    top: top.map((one) => ({ id: one.id, text: tokenizer.tokenText(one.id), logProb: one.logProb })),
  };
}

function failed(error: unknown): AnswerPart {
  const failure = asFailure(error);
  const code = failure.place?.field === 'context_length_exceeded' ? 'context_length_exceeded' : failure.code;
  return {
    kind: 'failed',
    code,
    message: [failure.message, failure.remedy]
      .filter(Boolean)
      .map((part) => `${part?.replace(/\.$/, '') ?? ''}.`)
      .join(' '),
  };
}
