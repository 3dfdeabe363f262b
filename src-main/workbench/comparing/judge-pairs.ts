import { inOrder } from '../../endpoints/server.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import { countPairs, pairMessages, readPreference, verdictOfPair } from '../../shared/domain/judging/pairwise.ts';
import type { BothOrders, JudgeCard, PairJudge, PairToJudge } from '../../shared/domain/judging/pairwise.ts';
import { drawOrder } from '../../shared/domain/kinds/judged-statements.ts';
import { unknownMeasure } from '../../shared/domain/measures.ts';
import { plural } from '../../shared/presentation/words.ts';
import type { FlipExportRow } from '../../store/api.ts';
import { endpointOrigin, requireAllowedEndpoint } from '../../system/endpoints.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { existing, freeName, refuseTakenName } from '../workspace/names.ts';
import { askerOf, costOf, noUse } from './ask-judge.ts';

/** Requests at a time. */
const atOnce = 4;

interface DrawnPair extends PairToJudge {
  readonly sampleId: string;
  readonly slices: string[];
  readonly cluster: string | null;
}

/** The pairs of a comparison that a judge would be shown. Nothing is sent. */
export interface PairPlan {
  readonly pairs: readonly DrawnPair[];
  /** Samples with an answer on both sides, of which the pairs were drawn. */
  readonly of: number;
  readonly requests: number;
  readonly characters: number;
  readonly origin: string;
}

export async function planOfPairs({ store }: Core, comparisonId: string, judge: PairJudge): Promise<PairPlan> {
  const { sampleKeys } = await store.flipVectors(comparisonId, {});
  const keys = [...sampleKeys];
  const wanted = judge.samples ?? keys.length;
  const order = new Map(drawOrder(keys, keys.length, judge.seed).map((key, at) => [key, at]));
  const drawn: { at: number; pair: DrawnPair }[] = [];
  await store.streamFlips(comparisonId, {}, { column: 'delta', direction: 'ascending' }, (rows) => {
    for (const row of rows) {
      const pair = pairOf(row);
      if (pair !== null) drawn.push({ at: order.get(row.sampleKey) ?? keys.length, pair });
    }
    return Promise.resolve();
  });
  if (drawn.length === 0) {
    throw new WorkbenchError('bad-input', 'No sample has an answer on both sides, so there is nothing to judge.', {
      remedy: 'Choose two evaluations that keep what the models wrote.',
    });
  }
  const pairs = drawn
    .sort((a, b) => a.at - b.at)
    .slice(0, wanted)
    .map(({ pair }) => pair);
  const asked = pairs.filter(isDifferent);
  const sizes = asked.map(
    (pair) => 2 * pairMessages(pair, judge.rubric, true).reduce((n, { content }) => n + content.length, 0),
  );
  const again = Math.min(judge.again, asked.length);
  return {
    pairs,
    of: drawn.length,
    requests: 2 * (asked.length + again),
    characters: [...sizes, ...sizes.slice(0, again)].reduce((sum, size) => sum + size, 0),
    origin: endpointOrigin(judge.endpoint),
  };
}

/**
 * Has a judge compare the old and the new answer of each pair in both orders, and keeps its verdicts as an evaluation of the new side, with
 * the judge's card in its measure. Needs the endpoint to be allowed.
 */
export async function judgePairs(
  core: Core,
  {
    comparisonId,
    plan,
    judge,
    name,
  }: { comparisonId: string; plan: PairPlan; judge: PairJudge; name: string | undefined },
  task: Task,
): Promise<{ evaluation: EvaluationRecord; card: JudgeCard }> {
  requireAllowedEndpoint(judge.endpoint, 'A judge');
  const { store } = core;
  const comparison = existing('comparison', await store.getComparison(comparisonId), comparisonId);
  const old = existing(
    'evaluation',
    await store.getEvaluation(comparison.leftEvaluationId),
    comparison.leftEvaluationId,
  );
  const now = existing(
    'evaluation',
    await store.getEvaluation(comparison.rightEvaluationId),
    comparison.rightEvaluationId,
  );
  const evaluations = await store.listEvaluations();
  if (name !== undefined) refuseTakenName('evaluation', evaluations, name);
  const { said, card, failures } = await askAbout(plan, judge, task);
  const ingest = await store.beginEvaluation({
    name: name ?? freeName(evaluations, `${now.name} against ${old.name}, by ${judge.model}`),
    suiteId: null,
    suiteName: `${now.suiteName}, judged in pairs`,
    modelId: now.modelId,
    runId: now.runId,
    checkpointId: now.checkpointId,
    step: now.step,
    decoding: now.decoding,
    measure: {
      ...unknownMeasure,
      tool: 'FlipGuard Workbench',
      scorer: 'pairwise judge',
      annotator: judge.model,
      baseline: old.name,
      judge: card,
      notes: [
        `Prompts and both answers went to ${plan.origin}.`,
        ...(failures.length === 0 ? [] : [`${plural(failures.length, 'request')} got no answer: ${failures[0]}`]),
      ],
    },
    import: null,
  });
  try {
    const results = plan.pairs.map((pair, i) => resultOf(pair, said[i] ?? null));
    for (let start = 0; start < results.length; start += batchResults)
      await ingest.push(results.slice(start, start + batchResults));
    const id = await ingest.commit({});
    core.bus.publish({ topic: 'changed', lists: ['evaluations'] });
    return { evaluation: existing('evaluation', await store.getEvaluation(id), id), card };
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

const batchResults = 500;

/** Of each pair what was said first; null where nobody was asked, the two texts being one. */
async function askAbout(
  { pairs }: PairPlan,
  judge: PairJudge,
  task: Task,
): Promise<{ said: (BothOrders | null)[]; card: JudgeCard; failures: string[] }> {
  const ended = new AbortController();
  const use = noUse();
  const failures: string[] = [];
  const ask = askerOf(judge, AbortSignal.any([task.signal, ended.signal]), use);
  const asked = pairs.filter(isDifferent);
  const questions = [...asked, ...asked.slice(0, judge.again)].flatMap((pair) =>
    [true, false].map((oldFirst) => ({ pair, oldFirst })),
  );
  let done = 0;
  try {
    const replies = await inOrder(questions, atOnce, async ({ pair, oldFirst }) => {
      throwIfCancelled(task);
      const reply = await ask(pairMessages(pair, judge.rubric, oldFirst)).catch((error: unknown) => {
        // An endpoint that answers nothing at all is not asked a thousand times.
        if (!(error instanceof WorkbenchError) || error.code !== 'unavailable' || use.requests === 0) throw error;
        failures.push(error.message);
        return null;
      });
      task.progress(`asking ${judge.model}, pair by pair`, ++done / questions.length);
      return reply === null ? null : readPreference(reply);
    });
    const both = (at: number): BothOrders => ({
      oldFirst: replies[2 * at] ?? null,
      newFirst: replies[2 * at + 1] ?? null,
    });
    const told = asked.map((pair, i) => ({
      pair,
      first: both(i),
      again: i < judge.again ? both(asked.length + i) : null,
    }));
    const byPair = new Map(told.map(({ pair, first }) => [pair, first]));
    const counted = use.promptTokens + use.outputTokens > 0;
    const card: JudgeCard = {
      model: judge.model,
      endpoint: endpointOrigin(judge.endpoint),
      rubric: judge.rubric,
      same: pairs.length - asked.length,
      ...countPairs(told),
      requests: use.requests,
      retries: use.retries,
      promptTokens: counted ? use.promptTokens : null,
      outputTokens: counted ? use.outputTokens : null,
      cost: counted ? costOf(judge, use.promptTokens, use.outputTokens) : null,
    };
    return { said: pairs.map((pair) => byPair.get(pair) ?? null), card, failures };
  } finally {
    // The first failure ends what is still asked.
    ended.abort();
  }
}

function pairOf({
  sampleId,
  prompt,
  target,
  leftOutput,
  rightOutput,
  slices,
  cluster,
}: FlipExportRow): DrawnPair | null {
  if (leftOutput === null || rightOutput === null) return null;
  return { sampleId, prompt, target, old: leftOutput, now: rightOutput, slices, cluster };
}

function isDifferent({ old, now }: PairToJudge): boolean {
  return old !== now;
}

const worth: Record<Verdict, number> = { right: 1, tie: 0.5, wrong: 0 };

function resultOf(
  { sampleId, prompt, target, now, slices, cluster }: DrawnPair,
  said: BothOrders | null,
): SampleResult {
  const verdict = said === null ? 'tie' : verdictOfPair(said);
  return {
    sampleId,
    prompt,
    ...(target === null ? {} : { target }),
    output: now,
    score: verdict === null ? null : worth[verdict],
    verdict,
    slices,
    ...(cluster === null ? {} : { cluster }),
    ...(said === null
      ? {}
      : {
          fields: {
            'old first': saidOf(said.oldFirst, 'old', 'new'),
            'new first': saidOf(said.newFirst, 'new', 'old'),
          },
        }),
  };
}

function saidOf(preference: BothOrders['oldFirst'], first: string, second: string): string {
  if (preference === null) return 'no preference read';
  return preference === 'tie' ? 'tie' : preference === 'first' ? first : second;
}
