import type { Job } from '../../shared/contract/views.ts';
import type { EvaluationRecord } from '../../shared/domain/entities.ts';
import { titleOfComparison } from '../../shared/presentation/names.ts';
import type { Core } from '../core.ts';
import type { Imports } from '../imports/imports.ts';
import { existing } from '../workspace/names.ts';
import type { Comparisons } from './comparisons.ts';

/** Compares the same two evaluations under another measure that both sources have; a job, since a source may have to be read again. */
export function compareByVariant(
  { core, imports, comparisons }: { core: Core; imports: Imports; comparisons: Comparisons },
  comparisonId: string,
  variant: string,
): Job {
  const { store, jobs } = core;
  return jobs.start({ kind: 'comparison', title: `Comparing by ${variant}` }, async (task) => {
    const comparison = await comparisons.get(comparisonId);
    task.progress(`${titleOfComparison(comparison)} by ${variant}`, null);
    const side = async (id: string): Promise<EvaluationRecord> =>
      imports.withVariant(existing('evaluation', await store.getEvaluation(id), id), variant, task);
    const [old, now] = [await side(comparison.leftEvaluationId), await side(comparison.rightEvaluationId)];
    const { rule, pairBy } = comparison;
    return { comparisonId: (await comparisons.ready(old.id, now.id, rule, task, pairBy)).id };
  });
}
