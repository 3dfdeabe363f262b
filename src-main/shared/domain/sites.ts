import { z } from 'zod';

/** A place where runs can be handed over to Slurm: this machine or one behind ssh, with a folder that its nodes see. */

/** One line of a job script: no line break can smuggle in another. */
const line = z
  .string()
  .max(2000)
  .regex(/^[^\r\n\0]*$/, 'one line is needed');
const word = line.regex(/^[^\s"'`$\\]+$/, 'one word without quotes is needed').max(200);

export const siteProfileSchema = z.strictObject({
  partition: word.optional(),
  account: word.optional(),
  qos: word.optional(),
  /** As Slurm writes it: minutes, `HH:MM:SS`, `D-HH:MM:SS`. */
  time: word.optional(),
  timeMin: word.optional(),
  gpus: word.optional().describe('Per node; a number or TYPE:NUMBER.'),
  cpus: z.number().int().min(1).optional(),
  memory: word.optional().describe('Per node, for example 32G.'),
  constraint: line
    .regex(/^[^\s"'`$\\]+$/)
    .max(200)
    .optional(),
  /** Shell lines before the trainer starts: module load, export. */
  setup: z.array(line).max(50).default([]),
  /** Further `#SBATCH` lines, without the word. */
  sbatch: z.array(line.regex(/^-/, 'an option that begins with - is needed')).max(50).default([]),
  /** How often a job that ran out of time or was preempted puts itself back into the queue. */
  requeues: z.number().int().min(0).max(100).default(3),
});
export type SiteProfile = z.infer<typeof siteProfileSchema>;

export const siteSchema = z.strictObject({
  name: z
    .string()
    .min(1)
    .max(60)
    .regex(/^[\p{L}\p{N}][\p{L}\p{N} ._-]*$/u, 'letters, digits, blank, dot, dash'),
  /** As `ssh` knows it (`~/.ssh/config` included); null is this machine. */
  host: z
    .string()
    .max(255)
    .regex(/^[A-Za-z0-9_][A-Za-z0-9_.@:%+-]*$/, 'a host as ssh knows it')
    .nullable(),
  /** Absolute, on a disk that the site's nodes share. */
  folder: line.regex(/^\//, 'an absolute path is needed'),
  /** Where the workbench itself is there. */
  program: line.regex(/^\//, 'an absolute path is needed'),
  /** The site's own `slurm.conf`, where it was named by SLURM_CONF when the site was added. */
  slurmConf: line.nullable().default(null),
  profile: siteProfileSchema,
});
export type Site = z.infer<typeof siteSchema>;

/** What a run's job is doing, in the workbench's words. */
export type SiteJobPhase = 'waiting' | 'running' | 'paused' | 'held' | 'ended' | 'unknown';

/** A job as it was last seen. Job ids are unique at one site only, so they go with its name. */
export interface SeenJob {
  site: string;
  /** As Slurm names it: `4711`, or `4711_2` for a task of an array. */
  jobId: string;
  phase: SiteJobPhase;
  /** A sentence: why it waits, where it runs, how it ended. */
  says: string;
  node: string | null;
  /** When Slurm expects it to start, ms since epoch. */
  expectedStartAt: number | null;
  /** 1 until it is put back into the queue for the first time. */
  attempt: number;
  /** When the site was last heard of; null before the first answer. */
  seenAt: number | null;
  /** Why the site does not answer at the moment. */
  trouble: string | null;
}

/** A run's job. */
export interface SiteJob extends SeenJob {
  runId: string;
}

/** The job of an evaluation that is made at a site. */
export interface SiteEvaluation extends SeenJob {
  evaluation: string;
  /** Why it came to nothing, where nobody waited to be told. */
  error: string | null;
}

/** What is known before a run is handed over. */
export interface SubmissionPreview {
  site: string;
  /** The whole script, as it would be submitted. */
  script: string;
  /** Number of jobs: more than one array where a sweep is larger than the site's MaxArraySize. */
  arrays: number;
  tasks: number;
  /** Slurm's own estimate (`sbatch --test-only`), in its words; null where it gave none. */
  estimate: string | null;
  expectedStartAt: number | null;
}

/** What a doctor's job saw. */
export interface SiteReport {
  site: string;
  scheduler: string;
  accounting: boolean;
  /** Null where the job did not come to run in time; `problems` says why. */
  job: {
    node: string;
    gpus: string[];
    backend: string;
    node24: string;
    program: string;
    folderSeen: boolean;
    /** Of the node's clock against this machine's, in ms; positive where the node is ahead. */
    clockSkewMs: number;
    waitedMs: number;
  } | null;
  maxArraySize: number;
  problems: string[];
}
