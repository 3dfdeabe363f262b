import { readdirSync } from 'node:fs';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { TrainerEvent } from '../../src-main/shared/domain/trainer-events.ts';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { checkpointSteps } from './journeys.ts';

/**
 * Everything a workspace holds that has to come out the same whatever happened on the way: numbers bit for bit, files by name. Left
 * out are ids, times and speeds, and the checkpoints that a run wrote because it was interrupted.
 */
export interface Content {
  runs: unknown[];
  /** Points per step, and what each says. */
  steps: unknown[];
  checkpoints: unknown[];
  evaluations: unknown[];
  scores: unknown[];
  comparisons: unknown[];
  reports: unknown[];
  files: string[];
}

/** Scores are kept by evaluation and sample in one number. */
const span = 2 ** 31;
const speeds = ['step_seconds', 'processor_seconds', 'tokens_per_second'];

export async function contentOf({ core }: Workbench): Promise<Content> {
  const runs = await core.store.listRuns();
  const steps: unknown[] = [];
  for (const run of runs) {
    for (let after = 0; ;) {
      const events = await core.store.runEvents(run.id, after, 500);
      for (const event of events) if (event.type === 'step') steps.push(stepOf(event));
      const last = events.at(-1)?.seq;
      if (last === undefined) break;
      after = last;
    }
  }
  const rows = tables(core.store.path);
  return {
    runs: runs.map(({ name, status, step, totalSteps }) => ({ name, status, step, totalSteps })),
    steps,
    ...rows,
    files: filesOf(core.layout.root),
  };
}

function stepOf({ step, epoch, metrics, tables: samples }: Extract<TrainerEvent, { type: 'step' }>): object {
  const kept = Object.entries(metrics).filter(([name]) => !speeds.includes(name));
  return { step, epoch, metrics: Object.fromEntries(kept), samples };
}

function tables(file: string): Omit<Content, 'runs' | 'steps' | 'files'> {
  const db = new Database(file, { readonly: true });
  const rows = (text: string): unknown[] => db.prepare(text).raw().all();
  try {
    return {
      checkpoints: rows(
        `SELECT step, kind, sha256, state FROM checkpoints WHERE step IN (${checkpointSteps.join()}) ORDER BY step`,
      ),
      evaluations: rows(
        'SELECT name, step, samples, right_count, wrong_count, mean_score, state FROM evaluations ORDER BY name, step',
      ),
      scores: rows(
        `SELECT e.name, e.step, s.external_id, p.score, p.verdict, o.body FROM scores p
         JOIN evaluations e ON e.evaluation_key = p.score_key / ${span}
         JOIN samples s ON s.sample_key = p.score_key % ${span}
         LEFT JOIN outputs o ON o.score_key = p.score_key ORDER BY e.name, e.step, s.external_id`,
      ),
      comparisons: rows(
        `SELECT l.name, r.name, c.rule, c.state, c.counts FROM comparisons c
         JOIN evaluations l ON l.evaluation_key = c.left_key JOIN evaluations r ON r.evaluation_key = c.right_key
         ORDER BY l.name, r.name`,
      ),
      reports: rows('SELECT title, format, file_name FROM reports ORDER BY title'),
    };
  } finally {
    db.close();
  }
}

const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;

/** Names of all files below a workspace; what SQLite keeps next to its file comes and goes. */
function filesOf(root: string): string[] {
  return (
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)).replace(id, 'ID'))
      .filter((name) => !/^workspace\.sqlite-(wal|shm)$/.test(name))
      // A lock dies with its holder: the file stays until somebody takes it again. Living holders are looked for elsewhere.
      .filter((name) => !name.endsWith('.lock'))
      .filter((name) => !isInterruption(/checkpoints\/(\d+)\//.exec(name)?.[1]))
      .sort()
  );
}

function isInterruption(step: string | undefined): boolean {
  return step !== undefined && !checkpointSteps.includes(Number(step));
}
