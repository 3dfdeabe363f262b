import type { SuiteRecord } from '../../shared/domain/entities.ts';
import type { EvaluateJob } from '../../shared/domain/jobs.ts';
import type { Verdict } from '../../shared/domain/evaluations.ts';
import type { Core } from '../core.ts';
import { rewardModelOf } from '../comparing/evaluate-suites.ts';
import { suiteFile } from '../runs/prepare.ts';
import type { Task } from '../supervision/task.ts';
import { runTrainerJob } from '../supervision/trainer-jobs.ts';

/** What weights that are no model of the workspace do on a suite of verdicts, and their mean score on another. */
export interface Measured {
  verdicts: Map<string, Verdict>;
  reward: number | null;
}

/** Both suites in one load of the weights; nothing of it is kept in the workspace. */
export async function measureFolder(
  core: Core,
  weights: Pick<EvaluateJob, 'modelPath' | 'merged'>,
  { guard, reward }: { guard: SuiteRecord; reward: SuiteRecord | null },
  task: Task,
): Promise<Measured> {
  const suites = [guard, ...(reward === null ? [] : [reward])];
  const files = [];
  for (const suite of suites) files.push(await suiteFile(core, suite));
  const rewardModelPath = await rewardModelOf(core, suites, task);
  const verdicts = new Map<string, Verdict>();
  const scores: number[] = [];
  const job = { ...weights, suites: files, ...(rewardModelPath === null ? {} : { rewardModelPath }) };
  await runTrainerJob(core, { kind: 'evaluate', ...job }, task, (events) => {
    for (const event of events) {
      if (event.type !== 'evaluation-batch') continue;
      for (const { sampleId, verdict, score } of event.results) {
        if (event.mark.suiteId === guard.id && verdict !== null) verdicts.set(sampleId, verdict);
        if (event.mark.suiteId === reward?.id && score !== null) scores.push(score);
      }
    }
  });
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  return { verdicts, reward: scores.length === 0 ? null : mean };
}
