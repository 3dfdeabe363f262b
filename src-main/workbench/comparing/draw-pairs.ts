import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ComparisonRecord } from '../../shared/domain/flip-view.ts';
import type { PairJudge, PairPlan } from '../../shared/domain/judging/pairwise.ts';
import { drawOrder } from '../../shared/domain/kinds/judged-statements.ts';
import { endpointOrigin } from '../../system/endpoints.ts';
import type { Core } from '../core.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { costOf } from './ask-judge.ts';
import type { Comparisons } from './comparisons.ts';
import { floorQuestions, isDifferent, questionsOf, readPairs } from './pair-questions.ts';
import type { DrawnKeys, DrawnPair, Question } from './pair-questions.ts';

/** By four characters a token, and an answer of a few. */
const charactersPerToken = 4;
const tokensOfAnswer = 6;

export interface JudgingParts {
  readonly core: Core;
  readonly comparisons: Comparisons;
}

export interface DrawnPairs extends DrawnKeys {
  readonly comparison: ComparisonRecord;
  readonly plan: PairPlan;
}

/** Draws the samples that a judge is shown, and counts what it would be sent and what is kept of an earlier attempt. Nothing is sent. */
export async function drawPairs(
  { core: { store }, comparisons }: JudgingParts,
  comparisonId: string,
  judge: PairJudge,
  task: Task,
): Promise<DrawnPairs> {
  const origin = endpointOrigin(judge.endpoint);
  const comparison = await comparisons.get(comparisonId);
  const all = [...(await store.flipVectors(comparisonId, {})).sampleKeys];
  const wanted = Math.min(judge.samples ?? all.length, all.length);
  const sent = { requests: 0, characters: 0, kept: 0 };
  async function count(questions: readonly Question[]): Promise<void> {
    const kept = judge.fresh
      ? []
      : await store.judgeReplies(
          comparison.rightEvaluationId,
          questions.map(({ id }) => id),
        );
    questions.forEach(({ messages }, i) => {
      if ((kept[i] ?? null) !== null) return void (sent.kept += 1);
      sent.requests += 1;
      sent.characters += messages.reduce((sum, { content }) => sum + content.length, 0);
    });
  }

  const keys: number[] = [];
  let [same, passedOver] = [0, 0];
  for await (const read of readPairs(store, comparisonId, drawOrder(all, all.length, judge.seed))) {
    throwIfCancelled(task);
    const pairs: DrawnPair[] = [];
    for (const pair of read) {
      if (keys.length + pairs.length === wanted) break;
      if (pair === null) passedOver += 1;
      else pairs.push(pair);
    }
    await count(questionsOf(pairs, judge, keys.length - same));
    keys.push(...pairs.map(({ sampleKey }) => sampleKey));
    same += pairs.filter((pair) => !isDifferent(pair)).length;
    task.progress('drawing pairs', (keys.length + passedOver) / Math.max(wanted, keys.length + passedOver));
    if (keys.length === wanted) break;
  }
  if (keys.length === 0) {
    throw new WorkbenchError('bad-input', 'No sample has an answer on both sides, so there is nothing to judge.', {
      remedy: 'Choose two evaluations that keep what the models wrote.',
    });
  }
  const floor = await drawFloor(keys);
  const { inputPrice, outputPrice, keyVariable } = judge;
  const plan: PairPlan = {
    origin,
    pairs: keys.length,
    same,
    of: all.length,
    passedOver,
    again: Math.min(judge.again, keys.length - same),
    floor: floor === null ? null : { name: floor.name, pairs: floor.keys.length },
    ...sent,
    cost: costOf({ inputPrice, outputPrice }, sent.characters / charactersPerToken, sent.requests * tokensOfAnswer),
    keyVariable,
  };
  return { comparison, comparisonId, keys, floor, plan };

  /** Of the samples drawn, the first that the old model answered a second time. */
  async function drawFloor(drawn: readonly number[]) {
    const repeatId = judge.repeatId ?? comparison.repeats?.left ?? null;
    if (repeatId === null || judge.again === 0) return null;
    const { leftEvaluationId: oldId, rightEvaluationId: newId, rule } = comparison;
    if (repeatId === oldId || repeatId === newId) {
      throw new WorkbenchError('bad-input', 'The old model’s second evaluation is one of the two that are compared.', {
        remedy: 'Name one of the same model and suite with another seed.',
      });
    }
    const { id, rightName: name } = await comparisons.ready(oldId, repeatId, rule, task, comparison.pairBy);
    const found: number[] = [];
    for await (const read of readPairs(store, id, drawn)) {
      throwIfCancelled(task);
      const pairs = read.filter((pair) => pair !== null).slice(0, judge.again - found.length);
      await count(floorQuestions(pairs, judge));
      found.push(...pairs.map(({ sampleKey }) => sampleKey));
      if (found.length === judge.again) break;
    }
    if (found.length === 0) {
      throw new WorkbenchError('bad-input', `“${name}” answers none of the samples that the judge is shown.`, {
        remedy: 'Name a second evaluation of the old model on the same suite that keeps what it wrote.',
      });
    }
    return { comparisonId: id, name, keys: found };
  }
}
