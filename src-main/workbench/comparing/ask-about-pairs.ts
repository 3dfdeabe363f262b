import { inOrder } from '../../endpoints/server.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { countPairs } from '../../shared/domain/judging/judge-card.ts';
import type { JudgeCard } from '../../shared/domain/judging/judge-card.ts';
import { floorOfAgain, floorOfRepetition } from '../../shared/domain/judging/judge-floor.ts';
import { readPreference } from '../../shared/domain/judging/pairwise.ts';
import type { BothOrders, PairJudge, Preference } from '../../shared/domain/judging/pairwise.ts';
import { formatCount } from '../../shared/presentation/numbers.ts';
import { plural } from '../../shared/presentation/words.ts';
import type { Store } from '../../store/api.ts';
import { endpointOrigin } from '../../system/endpoints.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { askerOf, costOf, noUse } from './ask-judge.ts';
import type { DrawnPairs } from './draw-pairs.ts';
import { allQuestions } from './pair-questions.ts';
import type { Question, Round } from './pair-questions.ts';

/** Requests at a time. */
const atOnce = 4;
/** So many in a row without an answer, each tried three times: the endpoint is gone, and the rest is left for another attempt. */
const mostUnanswered = 8;

type Replies = Readonly<Record<Round, Map<number, { oldFirst: Preference; newFirst: Preference }>>>;

interface Told {
  /** By sample key, what was said first; two answers of one text are asked about by nobody. */
  readonly said: ReadonlyMap<number, BothOrders>;
  readonly card: JudgeCard;
  /** Why requests got no answer. */
  readonly failures: readonly string[];
}

/** Asks what is missing of the drawn pairs. A reply is kept with the evaluation of the new side before the next question is asked. */
export async function askAboutPairs(store: Store, drawn: DrawnPairs, judge: PairJudge, task: Task): Promise<Told> {
  const { plan, comparison } = drawn;
  const total = plan.requests + plan.kept;
  const ended = new AbortController();
  const use = noUse();
  const ask = askerOf(judge, AbortSignal.any([task.signal, ended.signal]), use);
  const replies: Replies = { first: new Map(), again: new Map(), floor: new Map() };
  const tokens = { prompt: 0, output: 0 };
  const failures: string[] = [];
  let [kept, done, unanswered, paced] = [0, 0, 0, false];
  const phase = `asking ${judge.model}, pair by pair`;

  async function answer({ id, messages }: Question): Promise<Preference> {
    // What was kept took no time: the pace is that of the questions sent.
    if (!paced) task.progress(phase, null);
    paced = true;
    try {
      const { text, promptTokens, outputTokens } = await ask(messages);
      const reply = { preference: readPreference(text), promptTokens, outputTokens };
      await store.putJudgeReply(comparison.rightEvaluationId, id, reply);
      tokens.prompt += promptTokens ?? 0;
      tokens.output += outputTokens ?? 0;
      unanswered = 0;
      return reply.preference;
    } catch (error) {
      // An endpoint that answers nothing at all is not asked a thousand times.
      if (!(error instanceof WorkbenchError) || error.code !== 'unavailable' || use.requests === 0) throw error;
      failures.push(error.message);
      unanswered += 1;
      if (unanswered >= mostUnanswered) throw error;
      return null;
    }
  }

  try {
    for await (const questions of allQuestions(store, drawn, judge)) {
      throwIfCancelled(task);
      const ids = questions.map(({ id }) => id);
      const before = judge.fresh ? [] : await store.judgeReplies(comparison.rightEvaluationId, ids);
      const known = new Map(questions.map((question, i) => [question, before[i] ?? null]));
      await inOrder(questions, atOnce, async (question) => {
        throwIfCancelled(task);
        const reply = known.get(question) ?? null;
        if (reply !== null) {
          kept += 1;
          tokens.prompt += reply.promptTokens ?? 0;
          tokens.output += reply.outputTokens ?? 0;
        }
        take(replies, question, reply === null ? await answer(question) : reply.preference);
        task.progress(phase, ++done / total);
      });
    }
  } catch (error) {
    throw kept + use.requests === 0 ? error : unfinished(error, kept + use.requests, total, task);
  } finally {
    // The first failure ends what is still asked.
    ended.abort();
  }
  const counted = tokens.prompt + tokens.output > 0;
  const card: JudgeCard = {
    model: judge.model,
    endpoint: endpointOrigin(judge.endpoint),
    rubric: judge.rubric,
    same: plan.same,
    ...measured(drawn, replies),
    requests: use.requests + kept,
    kept,
    retries: use.retries,
    promptTokens: counted ? tokens.prompt : null,
    outputTokens: counted ? tokens.output : null,
    cost: counted ? costOf(judge, tokens.prompt, tokens.output) : null,
  };
  return { said: replies.first, card, failures };
}

function take(replies: Replies, { round, sampleKey, oldFirst }: Question, preference: Preference): void {
  const both = replies[round].get(sampleKey) ?? { oldFirst: null, newFirst: null };
  both[oldFirst ? 'oldFirst' : 'newFirst'] = preference;
  replies[round].set(sampleKey, both);
}

const tied: BothOrders = { oldFirst: 'tie', newFirst: 'tie' };

function measured(
  { floor }: DrawnPairs,
  replies: Replies,
): Pick<JudgeCard, 'asked' | 'floor'> & ReturnType<typeof countPairs> {
  const pairs = [...replies.first].map(([key, first]) => ({ first, again: replies.again.get(key) ?? null }));
  // Who has no reply at all was not asked: both answers are one text.
  const repeated = (floor?.keys ?? []).map((key) => ({
    now: replies.first.get(key) ?? tied,
    again: replies.floor.get(key) ?? tied,
  }));
  const found = floorOfAgain(repeated) ?? floorOfRepetition(pairs);
  return { ...countPairs(pairs), ...(found === null ? {} : { floor: found }) };
}

/** What stopped it, and that nothing of it is lost. */
function unfinished(error: unknown, answered: number, total: number, task: Task): unknown {
  const known = `${formatCount(answered)} of ${plural(total, 'question')} are answered`;
  const remedy = 'Each answer is kept: asked again, the same judge continues with what is missing.';
  if (task.signal.aborted) return new WorkbenchError('cancelled', `Stopped: ${known}.`, { remedy });
  if (!(error instanceof WorkbenchError) || error.code === 'internal') return error;
  const remedies = error.remedy === undefined ? remedy : `${error.remedy} ${remedy}`;
  return new WorkbenchError(error.code, `${error.message} ${known}.`, { remedy: remedies, cause: error });
}
