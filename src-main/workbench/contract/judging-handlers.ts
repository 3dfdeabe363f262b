import { comparisonName } from '../../shared/presentation/names.ts';
import { requireAllowedEndpoint } from '../../system/endpoints.ts';
import { drawPairs } from '../comparing/draw-pairs.ts';
import { judgePairs, lastRubric } from '../comparing/judge-pairs.ts';
import type { Services } from '../services.ts';
import { partOf } from '../supervision/task.ts';
import { existing } from '../workspace/names.ts';
import { started } from './answers.ts';
import type { Handlers } from './dispatch.ts';

/** A judge of pairs: what it would be sent, the judging as a job, and the rubric of a suite. */
export function judgingHandlers(services: Services) {
  const { core, comparisons } = services;
  const nameOf = async (comparisonId: string) => {
    const { leftName, rightName } = await comparisons.get(comparisonId);
    return comparisonName(leftName, rightName);
  };
  return {
    'judging.plan': async ({ comparisonId, judge }) => {
      const head = { kind: 'pair-plan', title: `What a judge would be sent of ${await nameOf(comparisonId)}` } as const;
      return core.computations.ask(
        head,
        [comparisonId, judge],
        async (task) => (await drawPairs(services, comparisonId, judge, task)).plan,
      );
    },
    'judging.start': async ({ comparisonId, judge }) => {
      requireAllowedEndpoint(judge.endpoint, 'A judge');
      const title = `${judge.model} judges ${await nameOf(comparisonId)}`;
      return started(
        core.jobs.start({ kind: 'judge', title }, async (task) => {
          const drawn = await drawPairs(services, comparisonId, judge, partOf(task, 0, 0));
          const { evaluation } = await judgePairs(services, { drawn, judge, name: undefined }, task);
          return { comparisonId, evaluationId: evaluation.id };
        }),
      );
    },
    'judging.rubric': async ({ comparisonId }) => {
      const { leftEvaluationId: id } = await comparisons.get(comparisonId);
      return lastRubric(services, existing('evaluation', await core.store.getEvaluation(id), id).suiteName);
    },
  } satisfies Pick<Handlers, Extract<keyof Handlers, `judging.${string}`>>;
}
