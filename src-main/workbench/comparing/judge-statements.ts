import { inOrder } from '../../endpoints/server.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import {
  drawOrder,
  partDrawn,
  proposalMessages,
  questionMessages,
  rankJudged,
  readProposals,
  readYesOrNo,
  sizeOfAsking,
  wantedOfEach,
} from '../../shared/domain/kinds/judged-statements.ts';
import type {
  DrawnSamples,
  JudgedAnswers,
  JudgedStatements,
  JudgePlan,
  JudgeWish,
  SeenSample,
} from '../../shared/domain/kinds/judged-statements.ts';
import type { Store } from '../../store/api.ts';
import { endpointOrigin, requireAllowedEndpoint } from '../../system/endpoints.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { askerOf, costOf, noUse } from './ask-judge.ts';

/** Requests at a time. */
const atOnce = 4;
/** By four characters a token, and an answer of a few. */
const charactersPerToken = 4;
const tokensOfAnswer = 4;
/** Of samples without a text on both sides, so many are passed over before the search for others ends. */
const passedOver = 4;

type Drawn = { readonly of: number; readonly drawn: DrawnSamples };

/** What a judge would be sent of a filter's samples and of the others. Nothing is sent. */
export async function planOfJudge(
  store: Store,
  comparisonId: string,
  filter: FlipFilter,
  wish: JudgeWish,
): Promise<JudgePlan> {
  const { set, rest } = await draw(store, comparisonId, filter, wish);
  const { requests, characters } = sizeOfAsking(set.drawn, rest.drawn);
  const sent = [set, rest].flatMap(({ drawn }) => [...drawn.shown, ...drawn.judged]);
  return {
    origin: endpointOrigin(wish.endpoint),
    samples: new Set(sent.map(({ sampleKey }) => sampleKey)).size,
    requests,
    characters,
    cost: costOf(wish, characters / charactersPerToken, requests * tokensOfAnswer),
  };
}

/**
 * Asks a judge for statements on what the samples of a filter have in common, then of each, sample by sample, whether it holds, and
 * keeps what came of it. The judge is not told which samples are of the filter. Needs the endpoint to be allowed.
 */
export async function judgeStatements(
  store: Store,
  comparisonId: string,
  filter: FlipFilter,
  wish: JudgeWish,
  task: Task,
): Promise<JudgedStatements> {
  requireAllowedEndpoint(wish.endpoint, 'A judge');
  task.progress('drawing samples', 0);
  const { set, rest } = await draw(store, comparisonId, filter, wish);
  const ended = new AbortController();
  const use = noUse();
  const ask = askerOf(wish, AbortSignal.any([task.signal, ended.signal]), use);
  try {
    task.progress(`asking ${wish.model} for statements`, 0.02);
    const proposed = readProposals((await ask(proposalMessages(set.drawn.shown, rest.drawn.shown))).text);
    if (proposed.length === 0) {
      throw new WorkbenchError('unavailable', `${wish.model} proposed no statement that can be judged.`, {
        remedy: 'Ask again with another seed, or name a larger model.',
      });
    }
    const said = proposed.map((text) => ({ text, set: new Map(), rest: new Map() }) satisfies JudgedAnswers);
    const questions = said.flatMap(({ text, ...answers }) =>
      (['set', 'rest'] as const).flatMap((side) =>
        (side === 'set' ? set : rest).drawn.judged.map((sample) => ({ text, sample, into: answers[side] })),
      ),
    );
    let done = 0;
    await inOrder(questions, atOnce, async ({ text, sample, into }) => {
      throwIfCancelled(task);
      into.set(sample.sampleKey, readYesOrNo((await ask(questionMessages(text, sample))).text));
      task.progress(`asking ${wish.model}, sample by sample`, 0.05 + (0.95 * ++done) / questions.length);
    });
    const found: JudgedStatements = {
      endpoint: wish.endpoint,
      model: wish.model,
      judgedAt: Date.now(),
      seed: wish.seed,
      samples: set.of,
      rest: rest.of,
      sameSamples: set.drawn.judged[0] === set.drawn.shown[0] || rest.drawn.judged[0] === rest.drawn.shown[0],
      requests: use.requests,
      promptTokens: use.promptTokens === 0 ? null : use.promptTokens,
      outputTokens: use.outputTokens === 0 ? null : use.outputTokens,
      cost: use.promptTokens === 0 ? null : costOf(wish, use.promptTokens, use.outputTokens),
      ...rankJudged(said),
    };
    await store.putJudgedStatements(comparisonId, filter, found);
    return found;
  } finally {
    // The first failure ends what is still asked.
    ended.abort();
  }
}

async function draw(
  store: Store,
  comparisonId: string,
  filter: FlipFilter,
  wish: JudgeWish,
): Promise<{ set: Drawn; rest: Drawn }> {
  const inSet = new Set((await store.flipVectors(comparisonId, filter)).sampleKeys);
  const { sampleKeys } = await store.flipVectors(comparisonId, {});
  const rest = [...sampleKeys].filter((key) => !inSet.has(key));
  const of = async (keys: readonly number[]): Promise<Drawn> => ({
    of: keys.length,
    drawn: partDrawn(await readDrawn(store, comparisonId, keys, wish), wish),
  });
  const drawn = { set: await of([...inSet]), rest: await of(rest) };
  if (drawn.set.drawn.shown.length === 0 || drawn.rest.drawn.shown.length === 0) {
    const which = drawn.set.drawn.shown.length === 0 ? 'No sample of the list' : 'No other sample of the comparison';
    throw new WorkbenchError('bad-input', `${which} has an answer on both sides, so there is nothing to ask about.`, {
      remedy: 'Choose a filter that some samples pass and others do not.',
    });
  }
  return drawn;
}

async function readDrawn(
  store: Store,
  comparisonId: string,
  keys: readonly number[],
  wish: JudgeWish,
): Promise<SeenSample[]> {
  const wanted = wantedOfEach(wish);
  const read: SeenSample[] = [];
  for (const sampleKey of drawOrder(keys, passedOver * wanted, wish.seed).slice(0, passedOver * wanted)) {
    if (read.length === wanted) break;
    const sample = await store.sampleDetail(comparisonId, sampleKey);
    const [old, now] = [sample?.left?.output ?? null, sample?.right?.output ?? null];
    if (sample === null || old === null || now === null) continue;
    read.push({ sampleKey, prompt: sample.prompt, target: sample.target, old, now });
  }
  return read;
}
