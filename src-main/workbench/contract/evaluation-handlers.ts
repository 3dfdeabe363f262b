import { requireAllowedScorer } from '../runs/prepare.ts';
import type { Services } from '../services.ts';
import { existing } from '../workspace/names.ts';
import { nothing, present, started } from './answers.ts';
import type { Handlers } from './dispatch.ts';

type EvaluationHandlers = Pick<Handlers, Extract<keyof Handlers, `evaluations.${string}`>>;

/** Evaluations, and the samples of each by itself. */
export function evaluationHandlers({ core, evaluations }: Pick<Services, 'core' | 'evaluations'>) {
  const { store, jobs } = core;
  return {
    'evaluations.list': (filter) => evaluations.list(present(filter)),
    'evaluations.start': async ({ target, suiteId, name, seed, site }) => {
      // Before the job: what has to be allowed is asked of whoever starts it.
      requireAllowedScorer(existing('suite', await store.getSuite(suiteId), suiteId));
      return started(
        jobs.start({ kind: 'evaluation', title: name ?? `evaluation on ${suiteId}` }, async (task) => ({
          evaluationId: (await evaluations.evaluate(target, suiteId, { name, seed, site }, task)).id,
        })),
      );
    },
    'evaluations.samples': ({ evaluationId, verdict, offset, limit }) =>
      store.evaluationSamples(evaluationId, verdict, offset, limit),
    'evaluations.sample': ({ evaluationId, sampleKey }) => store.evaluationSample(evaluationId, sampleKey),
    'evaluations.partners': ({ evaluationId }) => store.partnersOf(evaluationId),
    'evaluations.remove': ({ evaluationId }) => nothing(evaluations.remove(evaluationId)),
  } satisfies EvaluationHandlers;
}
