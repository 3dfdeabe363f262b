import { isAnswered } from '../../shared/domain/evaluations.ts';
import { judgedFor, numbersAgain, scoreAgain } from '../../engine/evaluate/outputs.ts';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { openJournal } from '../../endpoints/journal.ts';
import type { Journal } from '../../endpoints/journal.ts';
import { inOrder, openServer } from '../../endpoints/server.ts';
import type { ModelServer, TimedAnswer } from '../../endpoints/server.ts';
import { textOf } from '../../engine/data/tokenise.ts';
import { decodingOf } from '../../engine/evaluate/context.ts';
import { logProbRounding } from '../../engine/guard/guard.ts';
import { choiceResult, common, pairResult, verdictOf } from '../../engine/evaluate/results.ts';
import { scoreAnswers } from '../../engine/evaluate/scorers.ts';
import { endpointFile, endpointSchema } from '../../shared/domain/endpoints.ts';
import type { Endpoint } from '../../shared/domain/endpoints.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TextOrChat } from '../../shared/domain/datasets.ts';
import { decodingOfAttempt, repeatsOf, settled } from '../../shared/domain/attempts.ts';
import type { Attempt, SampleResult, SuiteItem } from '../../shared/domain/evaluations.ts';
import type { EvaluateJob, SuiteFile } from '../../shared/domain/jobs.ts';
import { readJsonLines } from '../../system/read-lines.ts';
import type { JobContext } from '../job-context.ts';
import { progressOf } from '../job-context.ts';
import { openRewardModel, reasonsOf } from './suites.ts';
import { UseTally, seconds } from './endpoint-use.ts';

type Item<Kind extends SuiteItem['kind']> = Extract<SuiteItem, { kind: Kind }>;

/** A continuation under the model, summed. */
interface Score {
  sum: number;
  tokens: number;
  /** Whether every token is the likeliest, and the likeliest ones together. */
  greedy: boolean;
  best: string;
  latencyMs: number;
}

/** Where the model folder stands for somebody's server; null for weights. */
export async function readEndpoint(modelPath: string): Promise<Endpoint | null> {
  const text = await readFile(path.join(modelPath, endpointFile), 'utf8').catch(() => null);
  return text === null ? null : endpointSchema.parse(JSON.parse(text));
}

const itemsPerChunk = 64;

/** Suites on a model behind a server: generations over chat or completions, likelihoods over the log-probs of prompts where the server gives them. */
export async function runEndpointJob(job: EvaluateJob, endpoint: Endpoint, context: JobContext): Promise<void> {
  const { signal } = context.control;
  const server = openServer(endpoint, { fetch, env: process.env, signal, firstPauseMs: 500 });
  const journal = openJournal<TimedAnswer | Score[]>(job.journalPath);
  const rewardModel = job.rewardModelPath === undefined ? null : await openRewardModel(job.rewardModelPath, context);
  try {
    const { backend } = context;
    await context.emit({ type: 'started', backend, totalSteps: 0, resumedAtStep: null, parameters: 0, trainable: 0 });
    for (const suite of job.suites) {
      const work = { suite, endpoint, server, journal, context, rewardModel };
      await runSuiteOn(work, await readJsonLines<SuiteItem>(suite.itemsPath));
    }
  } finally {
    journal.close();
    rewardModel?.dispose();
  }
}

interface Work {
  suite: SuiteFile;
  endpoint: Endpoint;
  server: ModelServer;
  journal: Journal<TimedAnswer | Score[]>;
  context: JobContext;
  rewardModel: Awaited<ReturnType<typeof openRewardModel>> | null;
}

async function runSuiteOn(work: Work, items: readonly SuiteItem[]): Promise<void> {
  const { suite, context, endpoint, server } = work;
  const mark = { suiteId: suite.id, suiteName: suite.name, suiteKind: suite.kind, step: 0 };
  const tally = new UseTally();
  const progress = progressOf(context, `asking ${endpoint.model}`);
  await context.emit({ type: 'evaluation-started', mark, items: items.length });
  let samples = 0;
  for (let start = 0; start < items.length; start += itemsPerChunk) {
    await progress(start, items.length);
    const results = await resultsOf(work, items.slice(start, start + itemsPerChunk), tally);
    samples += results.length;
    tally.judge(results);
    await context.emit({ type: 'evaluation-batch', mark, results });
  }
  await progress(items.length, items.length);
  await context.emit({
    type: 'evaluation-done',
    mark,
    samples,
    decoding: decodingOf(suite),
    summary: tally.summary(endpoint),
    server: { fingerprint: tally.fingerprint(), uncontrolled: [...server.uncontrolled(), ...tally.remarks()] },
  });
}

function resultsOf(work: Work, items: readonly SuiteItem[], tally: UseTally): Promise<SampleResult[]> {
  if (isAnswered(work.suite.kind)) return generated(work, items as Item<'generate'>[], tally);
  return inOrder(items, work.endpoint.concurrency, (item) => likelihood(work, item, tally));
}

async function generated(work: Work, items: readonly Item<'generate'>[], tally: UseTally): Promise<SampleResult[]> {
  const repeats = repeatsOf(work.suite);
  const passes: Pass[] = [];
  for (let number = 1; number <= repeats; number += 1) passes.push(await answerOnce(work, items, number, tally));
  const again: Pass[] = [];
  for (const number of numbersAgain(work.suite)) again.push(await answerOnce(work, items, number, tally));
  return items.map((item, i) => {
    const attempts = passes.map(({ replies, judged }, at): Attempt => ({
      number: at + 1,
      output: replies[i]?.text ?? null,
      ...judgedFor(work.suite, judged[i]),
    }));
    const [only] = attempts;
    return {
      ...common(item),
      prompt: textOf(item.prompt),
      ...(item.target === undefined ? {} : { target: item.target }),
      output: only?.output ?? null,
      ...(repeats === 1
        ? { score: only?.score ?? null, verdict: only?.verdict ?? null }
        : { ...settled(attempts), attempts }),
      metrics: {
        ...useOf(passes[0]?.replies[i]),
        ...scoreAgain(again.map(({ judged }) => judgedFor(work.suite, judged[i]).score)),
      },
    };
  });
}

interface Pass {
  replies: TimedAnswer[];
  judged: Awaited<ReturnType<typeof scoreAnswers>>;
}

/** The answer `number` (from 1) to each item; what an earlier try was told already is not asked for again. */
async function answerOnce(
  work: Work,
  items: readonly Item<'generate'>[],
  number: number,
  tally: UseTally,
): Promise<Pass> {
  const { suite, server, journal, endpoint, context, rewardModel } = work;
  const decoding = decodingOf(suite);
  if (decoding === null) throw new Error('only a generate suite decodes');
  const settings = decodingOfAttempt(decoding, number);
  const replies = await inOrder(items, endpoint.concurrency, async ({ id, prompt }) => {
    const entry = number === 1 ? id : JSON.stringify([id, number]);
    const known = journal.get(entry) as TimedAnswer | undefined;
    if (known !== undefined) return known;
    const answer = await server.answer(prompt, settings);
    journal.add(entry, answer);
    return answer;
  });
  for (const reply of replies) tally.add(reply);
  const answers = items.map(({ id, prompt, target }, i) => ({ id, prompt, target, output: replies[i]?.text ?? '' }));
  const unjudged: string[] = [];
  const judged = await scoreAnswers(suite.scorer ?? null, answers, {
    lexicon: context.lexicon(),
    rewardModel: rewardModel === null ? null : (given) => rewardModel.rewards(given),
    postJson: context.postJson,
    askProgram: (program, given) => context.programs.judge(program, given),
    onUnjudged: (reason) => unjudged.push(reason),
  });
  if (unjudged.length > 0) {
    const message = `${unjudged.length} answers of “${suite.name}” got no verdict: ${reasonsOf(unjudged)}`;
    await context.emit({ type: 'log', level: 'warning', message });
  }
  return { replies, judged };
}

function useOf(reply: TimedAnswer | undefined): Record<string, number> {
  if (reply === undefined) return {};
  return {
    latency: seconds(reply.latencyMs),
    ...(reply.finish === null ? {} : { cut: reply.finish === 'length' ? 1 : 0 }),
    ...(reply.outputTokens === null ? {} : { tokens: reply.outputTokens }),
    ...(reply.promptTokens === null ? {} : { prompt_tokens: reply.promptTokens }),
  };
}

async function likelihood(work: Work, item: SuiteItem, tally: UseTally): Promise<SampleResult> {
  const { suite } = work;
  const delimiter = suite.delimiter ?? (item.kind === 'pairs' ? '' : ' ');
  switch (item.kind) {
    case 'cloze': {
      const [score] = await scoresOf(work, item.id, plain(item.prompt, suite), [delimiter + item.target], tally);
      if (score === undefined) throw new Error('a cloze item has one continuation');
      return {
        ...common(item),
        prompt: item.prompt,
        target: item.target,
        output: score.best.trim(),
        score: score.sum,
        verdict: verdictOf(score.greedy),
        metrics: { tokens: score.tokens, latency: seconds(score.latencyMs) },
      };
    }
    case 'choice': {
      const options = item.options.map((option) => delimiter + option);
      const scores = await scoresOf(work, item.id, plain(item.prompt, suite), options, tally);
      return choiceResult({ item, sequences: [] }, scores.map(asSequence));
    }
    case 'pairs': {
      const responses = [item.chosen, item.rejected].map((response) => delimiter + plain(response, suite));
      const scores = await scoresOf(work, item.id, plain(item.prompt, suite), responses, tally);
      return pairResult({ item, sequences: [] }, scores.map(asSequence), null, logProbRounding);
    }
    default:
      throw new WorkbenchError(
        'unsupported',
        `The suite “${suite.name}” (${suite.kind}) needs the model’s own tokens, which a server keeps.`,
        {
          remedy: 'Run it on weights, or make a generate, cloze or choice suite.',
        },
      );
  }
}

/** A chat has to go through the model's template, and only its server has that. */
function plain(text: TextOrChat, suite: SuiteFile): string {
  if (typeof text === 'string') return text;
  throw new WorkbenchError(
    'unsupported',
    `The suite “${suite.name}” has chats, whose template only the server knows: their log-probs cannot be asked for.`,
    {
      remedy: 'Run it on weights, or make a generate suite of it.',
    },
  );
}

const asSequence = ({ sum }: Score) => ({ sum, logProbs: new Float32Array(0), greedy: new Int32Array(0) });

async function scoresOf(
  work: Work,
  id: string,
  prompt: string,
  continuations: readonly string[],
  tally: UseTally,
): Promise<Score[]> {
  const known = work.journal.get(id) as Score[] | undefined;
  if (known !== undefined) return known;
  const scores: Score[] = [];
  for (const continuation of continuations) scores.push(await scoreOf(work, prompt, continuation));
  for (const { latencyMs } of scores) tally.time(latencyMs);
  work.journal.add(id, scores);
  return scores;
}

/** Blanks at the prompt's end belong to the continuation, where tokenizers keep them with the word. */
async function scoreOf({ server, endpoint, suite }: Work, prompt: string, continuation: string): Promise<Score> {
  const from = prompt.trimEnd().length;
  const answer = await server.promptLogProbs(prompt + continuation);
  if (answer === null) throw noLogProbs(endpoint, suite);
  const own = answer.tokens.filter(({ at }) => at >= from);
  return {
    sum: own.reduce((sum, { logProb }) => sum + logProb, 0),
    tokens: own.length,
    greedy: own.length > 0 && own.every(({ isBest }) => isBest),
    best: own.map(({ best }) => best).join(''),
    latencyMs: answer.latencyMs,
  };
}

function noLogProbs(endpoint: Endpoint, suite: SuiteFile): WorkbenchError {
  return new WorkbenchError(
    'unsupported',
    `The server at ${endpoint.url} gives no log-probs of a prompt (completions with echo and logprobs), by which the ${suite.kind} suite “${suite.name}” is scored.`,
    {
      remedy:
        'vLLM gives them; transformers serve, llama.cpp’s server, Ollama and LM Studio do not. Ask such a server, run a generate suite, or import the weights.',
    },
  );
}
