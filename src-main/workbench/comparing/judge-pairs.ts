import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import type { SampleResult, Verdict } from '../../shared/domain/evaluations.ts';
import type { JudgeCard } from '../../shared/domain/judging/judge-card.ts';
import { verdictOfPair } from '../../shared/domain/judging/pairwise.ts';
import type { BothOrders, PairJudge } from '../../shared/domain/judging/pairwise.ts';
import { unknownMeasure } from '../../shared/domain/measures.ts';
import { plural } from '../../shared/presentation/words.ts';
import { requireAllowedEndpoint } from '../../system/endpoints.ts';
import { throwIfCancelled } from '../supervision/task.ts';
import type { Task } from '../supervision/task.ts';
import { existing, freeName, refuseTakenName } from '../workspace/names.ts';
import { askAboutPairs } from './ask-about-pairs.ts';
import type { DrawnPairs, JudgingParts } from './draw-pairs.ts';
import { isDifferent, readPairs } from './pair-questions.ts';
import type { DrawnPair } from './pair-questions.ts';

/**
 * Has a judge compare the old and the new answer of each pair in both orders, and keeps its verdicts as an evaluation of the new side, with
 * the judge's card in its measure. Needs the endpoint to be allowed. Each reply is kept as it comes: after a stop, a crash or a lost
 * connection the same judge is asked only for what is missing.
 */
export async function judgePairs(
  { core }: Pick<JudgingParts, 'core'>,
  { drawn, judge, name }: { drawn: DrawnPairs; judge: PairJudge; name: string | undefined },
  task: Task,
): Promise<{ evaluation: EvaluationRecord; card: JudgeCard }> {
  requireAllowedEndpoint(judge.endpoint, 'A judge');
  const { store } = core;
  const { leftEvaluationId, rightEvaluationId } = drawn.comparison;
  const old = existing('evaluation', await store.getEvaluation(leftEvaluationId), leftEvaluationId);
  const now = existing('evaluation', await store.getEvaluation(rightEvaluationId), rightEvaluationId);
  const evaluations = await store.listEvaluations();
  if (name !== undefined) refuseTakenName('evaluation', evaluations, name);
  const { said, card, failures } = await askAboutPairs(store, drawn, judge, task);
  const ingest = await store.beginEvaluation({
    name: name ?? freeName(evaluations, `${now.name} against ${old.name}, by ${judge.model}`),
    suiteId: null,
    suiteName: suiteOfJudged(now.suiteName),
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
        `Prompts and both answers went to ${drawn.plan.origin}.`,
        ...(failures.length === 0 ? [] : [`${plural(failures.length, 'request')} got no answer: ${failures[0]}`]),
      ],
    },
    import: null,
  });
  try {
    for await (const pairs of readPairs(store, drawn.comparisonId, drawn.keys)) {
      throwIfCancelled(task);
      const read = pairs.filter((pair) => pair !== null);
      await ingest.push(read.map((pair) => resultOf(pair, said.get(pair.sampleKey) ?? null)));
    }
    const id = await ingest.commit({});
    core.bus.publish({ topic: 'changed', lists: ['evaluations'] });
    return { evaluation: existing('evaluation', await store.getEvaluation(id), id), card };
  } catch (error) {
    await ingest.abandon();
    throw error;
  }
}

/** The rubric by which answers of a suite were judged last; null where none was. */
export async function lastRubric({ core }: Pick<JudgingParts, 'core'>, suiteName: string): Promise<string | null> {
  const judged = (await core.store.listEvaluations()).filter(
    ({ suiteName: of, measure }) => of === suiteOfJudged(suiteName) && measure?.judge !== undefined,
  );
  const [newest] = judged.sort((a, b) => b.createdAt - a.createdAt);
  return newest?.measure?.judge?.rubric ?? null;
}

function suiteOfJudged(suiteName: string): string {
  return `${suiteName}, judged in pairs`;
}

const worth: Record<Verdict, number> = { right: 1, tie: 0.5, wrong: 0 };

function resultOf(pair: DrawnPair, said: BothOrders | null): SampleResult {
  const { sampleId, prompt, target, now, slices, cluster } = pair;
  // Nobody was asked about two answers of one text.
  const verdict = !isDifferent(pair) ? 'tie' : said === null ? null : verdictOfPair(said);
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
