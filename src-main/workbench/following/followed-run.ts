import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { RunRecord } from '../../shared/domain/entities.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';
import { hasEnded } from '../../shared/domain/run-states.ts';
import type { Comparisons } from '../comparing/comparisons.ts';
import type { Evaluations } from '../comparing/evaluations.ts';
import type { Core } from '../core.ts';
import type { Models } from '../models/models.ts';
import { runFolder } from '../runs/run-folder.ts';
import { claim } from '../supervision/claim.ts';
import type { Claim } from '../supervision/claim.ts';
import { publishEnd } from '../supervision/settle.ts';

export interface FollowingParts {
  core: Core;
  models: Models;
  evaluations: Evaluations;
  comparisons: Comparisons;
}

/** Claims the run for this program: two that follow one folder would write one record. */
export async function own(core: Core, run: RunRecord): Promise<Claim> {
  const owner = await claim(runFolder(core.layout, run).file('owner'));
  if (owner !== null) return owner;
  throw new WorkbenchError('conflict', `Another program follows “${run.name}” now.`, {
    remedy: 'It picks up new events automatically; see the run there.',
  });
}

/** A training that did not come to its own end is not called completed. */
export async function endWhereItStands(core: Core, run: RunRecord, found: TrainerFolder): Promise<RunRecord> {
  if (hasEnded(run.status)) return run;
  const of = found.maxSteps === null ? '' : ` of ${found.maxSteps}`;
  const { run: ended } = await core.store.moveRun(run.id, 'interrupted', {
    code: 'cancelled',
    message: `The folder is at step ${run.step}${of}; whether its training continues is not known here.`,
    remedy: `flipguard watch ${found.folder} takes in what comes.`,
  });
  publishEnd(core, ended);
  return ended;
}

/** What a person should know of a run that the folder does not say. */
export function notSaid(run: RunRecord): string[] {
  return [...missingBase(run), ...unknownStage(run)];
}

function unknownStage({ origin }: RunRecord): string[] {
  if (origin?.tool !== 'llama-factory' || origin.method !== 'training') return [];
  return [
    'The folder does not say whether this is supervised fine-tuning or pre-training: LLaMA-Factory writes that (training_args.yaml) only where its board started the training.',
  ];
}

function missingBase(run: RunRecord): string[] {
  if (run.modelId !== elsewhere) return [];
  const named = run.origin?.base === undefined || run.origin.base === null ? '' : ` (${run.origin.base})`;
  return [
    `The model that it began with${named} is not known here, so flips are counted from its first evaluated checkpoint. --base NAME|FOLDER says which it is.`,
  ];
}
