import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { RunStatus } from '../../shared/domain/jobs.ts';
import type { Site } from '../../shared/domain/sites.ts';
import { jobFiles } from '../../sites/job-script.ts';
import type { EvaluationNote } from './evaluation-note.ts';

/** Why an evaluation at a site came to nothing, and where its log is. */
export function evaluationFailure(
  { note, site }: { note: EvaluationNote; site: Site },
  { status, error }: { status: RunStatus; error: ErrorReport | null },
): WorkbenchError {
  const where = `${site.host === null ? '' : `${site.host}:`}${note.folder}/${jobFiles.log}`;
  const about = `“${note.head.name}” was not evaluated at “${site.name}”`;
  if (status === 'stopped') return new WorkbenchError('cancelled', `${about}: its job was cancelled there.`);
  const why = error?.message ?? 'Its job ended without a result.';
  return new WorkbenchError(error?.code ?? 'unavailable', `${about}. ${why}`, {
    remedy: `${error?.remedy === undefined || /resume/.test(error.remedy) ? '' : `${error.remedy} `}Job ${note.jobId ?? ''} wrote its log to ${where}.`,
  });
}
