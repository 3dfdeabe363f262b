import { gunzipSync } from 'node:zlib';
import { WorkbenchError } from '../shared/domain/errors.ts';
import { jobFiles, stopFile } from './job-script.ts';
import { quote } from './quote.ts';
import { parseSqueue, squeueCommand } from './slurm-commands.ts';
import type { JobSight } from './slurm-words.ts';

/**
 * One look at a site in one command: the queue, and of each run what its events file holds beyond an offset. Times of files are
 * never asked for: over a network file system they can be wrong.
 */
export interface PollRequest {
  /** Ask the scheduler too: it is asked far less often than the folders. */
  queue: boolean;
  runs: readonly { folder: string; offset: number }[];
}

export interface PollAnswer {
  /** Null where it was not asked for or the scheduler did not answer. */
  queue: JobSight[] | null;
  /** What the scheduler said instead of answering. */
  queueTrouble: string | null;
  /** In the order of the request. */
  runs: RunSight[];
}

export interface RunSight {
  /** False when the folder is not there. */
  present: boolean;
  /** Bytes of the events file at the moment. */
  size: number;
  /** From the offset on; may end inside a line. */
  bytes: Buffer;
  /** Where its newest attempt runs or ran, as the job script noted it; null before it began. */
  node: string | null;
  /** How each attempt ended, as the job script noted it. */
  ends: AttemptEnd[];
  /** A person asked it to stop. */
  stopAsked: boolean;
}

export interface AttemptEnd {
  status: number;
  signal: string;
  job: string;
  attempt: number;
  node: string;
}

/** Of one run in one look; the rest comes with the next. */
export const mostBytes = 8 << 20;

export function pollScript({ queue, runs }: PollRequest): string {
  const scheduler = queue ? `echo @queue; ${squeueCommand} 2>&1; echo "@status $?"\n` : '';
  const one = ({ folder, offset }: PollRequest['runs'][number]) => `if cd ${quote(folder)} 2>/dev/null; then
echo @run
size=$(stat -c %s events.ndjson 2>/dev/null || echo 0)
echo "@size $size"
[ "$size" -le ${offset} ] || { printf '@bytes '; tail -c +${offset + 1} events.ndjson | head -c ${mostBytes} | gzip -1 | base64 -w0; echo; }
[ ! -e ${stopFile} ] || echo @stop
[ ! -s ${jobFiles.node} ] || echo "@node $(head -n 1 ${jobFiles.node})"
[ ! -e ${jobFiles.ends} ] || { sed 's/^/@end /' ${jobFiles.ends}; echo; }
else echo @gone; fi
`;
  return `export LC_ALL=C\n${scheduler}${runs.map(one).join('')}echo @done`;
}

export function parsePoll(text: string): PollAnswer {
  const lines = text.split('\n');
  if (!lines.includes('@done')) throw new WorkbenchError('unavailable', 'The site’s answer broke off.');
  const answer: PollAnswer = { queue: null, queueTrouble: null, runs: [] };
  let queueText: string[] | null = null;
  for (const line of lines) {
    const run = answer.runs.at(-1);
    if (line === '@queue') queueText = [];
    else if (queueText !== null) {
      const status = /^@status (\d+)$/.exec(line)?.[1];
      if (status === undefined) queueText.push(line);
      else {
        if (status === '0') answer.queue = parseSqueue(queueText.join('\n'));
        else answer.queueTrouble = queueText.join(' ').trim() || `squeue ended with status ${status}`;
        queueText = null;
      }
    } else if (line === '@run' || line === '@gone') answer.runs.push(emptySight(line === '@run'));
    else if (run !== undefined) take(run, line);
  }
  return answer;
}

function take(run: RunSight, line: string): void {
  if (line.startsWith('@size ')) run.size = Number(line.slice('@size '.length));
  else if (line.startsWith('@bytes ')) run.bytes = gunzipSync(Buffer.from(line.slice('@bytes '.length), 'base64'));
  else if (line.startsWith('@node ')) run.node = line.slice('@node '.length);
  else if (line === '@stop') run.stopAsked = true;
  else if (line.startsWith('@end ')) {
    const end = parseEnd(line.slice('@end '.length));
    if (end !== null) run.ends.push(end);
  }
}

function parseEnd(text: string): AttemptEnd | null {
  try {
    return JSON.parse(text) as AttemptEnd;
  } catch {
    // Half written: it is whole at the next look.
    return null;
  }
}

function emptySight(present: boolean): RunSight {
  return { present, size: 0, bytes: Buffer.alloc(0), node: null, ends: [], stopAsked: false };
}
