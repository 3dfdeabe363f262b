import { WorkbenchError } from '../../shared/domain/errors.ts';
import { stopFile } from '../../sites/job-script.ts';
import { quote } from '../../sites/quote.ts';
import type { SiteAccess } from './submit.ts';

/** Ends a job for good: what runs saves what it has, and what waits leaves the queue. */
export async function stopJob({ site, shell }: SiteAccess, folder: string, job: string): Promise<void> {
  const { status, stderr } = await shell.run(stopScript(folder, job));
  if (status === 0) return;
  throw new WorkbenchError('unavailable', `Job ${job} at “${site.name}” could not be stopped: ${stderr.trim()}`);
}

function stopScript(folder: string, job: string): string {
  // The wish first: a job that is just being put back must find it.
  return `touch ${quote(`${folder}/${stopFile}`)} || exit 1
case "$(squeue -h -r -j ${quote(job)} -o %T 2>/dev/null)" in
RUNNING) scancel --signal=USR1 --batch ${quote(job)} ;;
COMPLETING|'') ;;
*) scancel ${quote(job)} ;;
esac`;
}
