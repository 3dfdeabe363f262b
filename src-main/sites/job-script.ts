import type { Site, SiteProfile } from '../shared/domain/sites.ts';
import { quote } from './quote.ts';

export interface JobRequest {
  site: Pick<Site, 'program' | 'profile'>;
  /** Of the submission: the script, the list of runs and what Slurm itself prints are there. */
  folder: string;
  /** Shown by squeue. */
  name: string;
  /** Ids of the runs, in the order of `runs.txt`. */
  runIds: readonly string[];
  /** Tasks of the array that may run at once; all unless given. */
  atOnce?: number | undefined;
}

/** Status of a trainer that stopped on request and left a checkpoint (EX_TEMPFAIL). */
export const stoppedStatus = 75;
/** Status of one that SIGTERM ended before it could listen: what it had before is still there. */
const terminatedStatus = 143;
/** A person's wish in the run's folder: the job ends and does not come back. */
export const stopFile = 'stop';
export const jobFiles = {
  job: 'job.json',
  log: 'log.txt',
  ends: 'ends.ndjson',
  /** Of the newest attempt: a short run can be over before the scheduler is asked where it is. */
  node: 'node.txt',
  runs: 'runs.txt',
  script: 'job.sh',
} as const;

/**
 * A job script that may be started any number of times: it continues from the newest checkpoint, saves on USR1 (the time is nearly
 * over, or a person asked) and on TERM (preempted, or the time was over), and puts itself back into the queue within a limit.
 */
export function jobScript(request: JobRequest): string {
  const { site, folder, runIds } = request;
  const { profile, program } = site;
  return `#!/usr/bin/env bash
${sbatchLines(request).join('\n')}
# Written by FlipGuard Workbench. Starting it again is safe: a run continues from its newest checkpoint.
set -u
program=${quote(program)}
run="$(sed -n "$((\${SLURM_ARRAY_TASK_ID:-0} + 1))p" ${quote(`${folder}/${jobFiles.runs}`)})"
cd "$run" || exit 1
exec >>${jobFiles.log} 2>&1
job="\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}"
attempt="\${SLURM_RESTART_COUNT:-0}"
where="\${SLURMD_NODENAME:-$(hostname)}"
echo "== $(date -u +%Y-%m-%dT%H:%M:%SZ) job $job on $where, attempt $((attempt + 1))"
echo "$where" >${jobFiles.node}
[ ! -e ${stopFile} ] || { echo 'Stopped before it began.'; exit 0; }

child=''
asked=''
ask() { asked="$1"; echo "== $1"; [ -z "$child" ] || kill -TERM "$child" 2>/dev/null; }
trap 'ask USR1' USR1
trap 'ask TERM' TERM
${setUpLines(profile)}
${findNodeLines}
# Where the wish came during the set-up there is nothing to save.
status=${stoppedStatus}
if [ -z "$asked" ]; then
  "$node" --disable-warning=ExperimentalWarning "$entry" ${jobFiles.job} &
  child=$!
  [ -z "$asked" ] || kill -TERM "$child"
  # A signal ends a wait early, so it is waited until the trainer is gone.
  while kill -0 "$child" 2>/dev/null; do wait "$child"; done
  wait "$child"
  status=$?
  [ "$status" -ne ${terminatedStatus} ] || [ -z "$asked" ] || status=${stoppedStatus}
fi
printf '{"status":%d,"signal":"%s","job":"%s","attempt":%d,"node":"%s"}\\n' "$status" "$asked" "$job" "$attempt" "$where" >>${jobFiles.ends}
echo "== ended with status $status"
if [ "$status" -eq ${stoppedStatus} ] && [ "$asked" = USR1 ] && [ ! -e ${stopFile} ]; then
  if [ "$attempt" -lt ${profile.requeues} ]; then scontrol requeue "$SLURM_JOB_ID" && sleep 60; fi
fi
[ "$status" -ne ${stoppedStatus} ] || status=0
exit "$status"
# Runs: ${runIds.join(' ')}
`;
}

/** `sbatch`'s options as lines of the script, so that what is shown is all there is. */
function sbatchLines({ site, folder, name, runIds, atOnce }: JobRequest): string[] {
  const { profile } = site;
  const array = runIds.length > 1;
  const together = atOnce === undefined ? '' : `%${atOnce}`;
  const options: [string, string | number | undefined][] = [
    ['job-name', jobName(name)],
    ['comment', `flipguard:${array ? `${runIds.length} runs` : runIds[0]}`],
    ['array', array ? `0-${runIds.length - 1}${together}` : undefined],
    ['chdir', folder],
    ['output', `${folder}/slurm-${array ? '%A_%a' : '%j'}.log`],
    ['partition', profile.partition],
    ['account', profile.account],
    ['qos', profile.qos],
    ['time', profile.time],
    ['time-min', profile.timeMin],
    ['gpus-per-node', profile.gpus],
    ['cpus-per-task', profile.cpus],
    ['mem', profile.memory],
    ['constraint', profile.constraint],
    ['signal', `B:USR1@${leadSeconds(profile.time)}`],
  ];
  const given = options.filter((option): option is [string, string | number] => option[1] !== undefined);
  return [
    ...given.map(([option, value]) => `#SBATCH --${option}=${quoteOption(String(value))}`),
    '#SBATCH --requeue',
    '#SBATCH --open-mode=append',
    ...profile.sbatch.map((text) => `#SBATCH ${text}`),
  ];
}

/** In `#SBATCH` lines a blank ends a value unless it is quoted. */
export function quoteOption(value: string): string {
  return /^[^\s"'\\]+$/.test(value) ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

function jobName(name: string): string {
  return `flipguard-${name.replaceAll(/[^A-Za-z0-9._=-]+/g, '-').slice(0, 60)}`;
}

const usualLeadSeconds = 180;

/**
 * How long before the end of its time a job is told to save. Slurm may tell it a minute early, and a short job has to get
 * something done first: a quarter of its time, three minutes at most.
 */
function leadSeconds(time: string | undefined): number {
  const whole = time === undefined ? null : timeSeconds(time);
  return whole === null ? usualLeadSeconds : Math.max(10, Math.min(usualLeadSeconds, Math.floor(whole / 4)));
}

/** Slurm's `M`, `M:S`, `H:M:S`, `D-H`, `D-H:M`, `D-H:M:S`; null for anything else. */
export function timeSeconds(text: string): number | null {
  const [, days, rest] = /^(?:(\d+)-)?([\d:]+)$/.exec(text) ?? [];
  if (rest === undefined) return null;
  const parts = rest.split(':').map(Number);
  if (parts.some(Number.isNaN)) return null;
  const [a = 0, b = 0, c = 0] = parts;
  if (days !== undefined) return Number(days) * 86_400 + a * 3600 + b * 60 + c;
  return parts.length === 3 ? a * 3600 + b * 60 + c : a * 60 + b;
}

export function setUpLines({ setup }: Pick<SiteProfile, 'setup'>): string {
  return setup.length === 0 ? '# No set-up lines.' : ['# Set-up lines of the site.', ...setup].join('\n');
}

/** Finds a Node that runs the workbench (24 or newer) and what to start; the dependencies bring a Node along. */
export const findNodeLines = `node=''
for candidate in "\${FLIPGUARD_NODE:-}" "$(command -v node || true)" "$program"/node_modules/node-*/bin/node; do
  [ -x "$candidate" ] || continue
  [ "$("$candidate" -p 'process.versions.node.split(".")[0]')" -ge 24 ] || continue
  node="$candidate"
  break
done
[ -n "$node" ] || { echo "There is no Node 24 or newer here, and none in $program/node_modules."; exit 1; }
entry="$program/src-main/trainer/entry.ts"
[ -e "$entry" ] || entry="$program/out/main/trainer.js"
[ -e "$entry" ] || { echo "FlipGuard Workbench is not at $program."; exit 1; }`;
