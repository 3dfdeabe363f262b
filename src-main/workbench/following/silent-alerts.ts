import { surveyTrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import { flipRate, ruleText } from '../../shared/domain/alerts.ts';
import type { AlertRule } from '../../shared/domain/alerts.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import type { Core } from '../core.ts';

/** Of a run that has ended: rules that could never hold, for want of their curve or of flips to count, as sentences. */
export async function silentRules({ store }: Core, run: RunRecord, rules: readonly AlertRule[]): Promise<string[]> {
  const said: string[] = [];
  for (const rule of rules) {
    if (rule.metric === flipRate) {
      // Flips are counted from one evaluation to a later one.
      const evaluations = await store.listEvaluations({ runId: run.id });
      if (new Set(evaluations.map(({ step }) => step)).size < 2)
        said.push(`“${run.name}” ended with no flips to count, so the alert ${ruleText(rule)} could never be raised.`);
    } else if ((await store.newestFigure(run.id, rule.metric)) === null) {
      said.push(
        `“${run.name}” ended without a curve “${rule.metric}”, so the alert ${ruleText(rule)} could never be raised.`,
      );
    }
  }
  return [...new Set(said)];
}

/** Names of the curves that a trainer’s folder holds so far; none where there is no folder yet. */
export async function printedCurves(folder: string): Promise<string[]> {
  const { entries } = await surveyTrainerFolder(folder);
  return [...new Set(entries.flatMap(({ numbers }) => Object.keys(numbers)))];
}
