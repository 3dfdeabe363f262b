import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Evidence } from '../../shared/domain/kinds/change-kinds.ts';
import { explainChange } from '../../shared/domain/kinds/classify.ts';
import { ownPrograms } from '../../shared/domain/kinds/own-kinds.ts';
import type { KindSettings } from '../../shared/domain/kinds/own-kinds.ts';
import { commandText } from '../../shared/domain/programs.ts';
import { namesOfChanges } from './kind-columns.ts';
import { boundedKinds } from '../bounded-kinds.ts';
import { partingOf } from '../../shared/domain/kinds/parting.ts';
import type { SampleDetail, SampleSide, TimelineMark } from '../../shared/domain/flip-view.ts';
import type { ReadableDb } from '../database.ts';
import { all, one, sql, value } from '../database.ts';
import { decodeMetrics } from '../codec.ts';
import { packKey } from '../keys.ts';
import { annotationOf } from '../queries/annotations.ts';
import { attemptsOf } from '../queries/attempts.ts';
import { kindSettings, ruleOf } from '../queries/change-kinds.ts';
import { metricNames } from '../queries/evaluations.ts';
import { nameOf } from '../queries/names.ts';
import { verdictOf } from '../queries/verdicts.ts';
import { answerReader, sideCode } from '../queries/answers.ts';
import type { LoadedComparison } from './comparison.ts';
import { kindOf, stabilities } from './columns.ts';
import { resultTags, sampleTags } from './tags.ts';

/** While a window waits for one sample, all the others wait too. */
const explainMs = 1000;

/** The part of `FlipViews` that is used here. */
interface Comparisons {
  readonly db: ReadableDb;
  comparison(id: string): LoadedComparison;
}

export async function sampleDetail(views: Comparisons, id: string, sampleKey: number): Promise<SampleDetail | null> {
  const settings = await kindSettings(views.db);
  return detailOf(views.comparison(id), sampleKey, settings);
}

function detailOf(comparison: LoadedComparison, sampleKey: number, settings: KindSettings): SampleDetail | null {
  const { db, columns } = comparison;
  const row = columns.positionOf(sampleKey);
  if (row < 0) return null;
  const texts = one<{ external_id: string; prompt: string; target: string | null }>(
    db,
    sql`SELECT s.external_id, t.prompt, t.target FROM samples s JOIN sample_texts t USING (sample_key) WHERE s.sample_key = ${sampleKey}`,
  );
  if (texts === undefined) throw new WorkbenchError('corrupt', `The texts of sample ${sampleKey} are gone`);
  const delta = columns.get('delta')[row] ?? NaN;
  const cluster = columns.get('cluster')[row] ?? 0;
  const left = side(db, comparison.leftKey, sampleKey);
  const right = side(db, comparison.rightKey, columns.get('rightKey')[row] ?? 0);
  const withoutOutput = (one: SampleSide | null) => (one === null ? null : { ...one, output: null });
  return {
    sampleKey,
    sampleId: texts.external_id,
    kind: kindOf(comparison.kinds()[row]),
    kindAsEvaluated: kindOf(columns.get('kind')[row]),
    delta: Number.isNaN(delta) ? null : delta,
    prompt: texts.prompt,
    continues: comparison.continues,
    target: texts.target,
    cluster: cluster === 0 ? null : nameOf(db, cluster),
    slices: [...comparison.sliced.names(columns.get('sliceSet')[row] ?? 0)],
    tags: sampleTags(db, sampleKey),
    rejected: comparison.ofPairs ? (left?.output ?? right?.output ?? null) : null,
    left: comparison.ofPairs ? withoutOutput(left) : left,
    right: comparison.ofPairs ? withoutOutput(right) : right,
    annotation: annotationOf(db, comparison.key, comparison.id, sampleKey),
    stability: stabilities[(columns.get('stability')[row] ?? 0) - 1] ?? null,
    ...explained(comparison, row, texts, settings),
  };
}

/** The evidence is found again when a sample is looked at: only its bits are stored. */
function explained(
  comparison: LoadedComparison,
  row: number,
  { prompt, target }: { prompt: string; target: string | null },
  settings: KindSettings,
): Pick<SampleDetail, 'changes' | 'parting'> {
  const { db, columns, leftKey, rightKey } = comparison;
  const outcome = kindOf(columns.get('kind')[row]);
  const rule = ruleOf(db, comparison.id);
  const code = (name: 'left' | 'right', verdict: number): number => sideCode(outcome, name, verdict, rule.kind);
  const left = answerReader(db, leftKey)(
    columns.get('leftKey')[row] ?? 0,
    code('left', columns.get('leftVerdict')[row] ?? 0),
  );
  const right = answerReader(db, rightKey)(
    columns.get('rightKey')[row] ?? 0,
    code('right', columns.get('rightVerdict')[row] ?? 0),
  );
  if (left === null || right === null) return { changes: [], parting: null };
  const { rules, run } = boundedKinds(settings);
  const evidence = (): Evidence[] => {
    try {
      return run(explainMs, () => explainChange({ prompt, target, left, right }, outcome, rules));
    } catch (error) {
      // The counts of kinds name the pattern at fault; the sample opens all the same.
      if (error instanceof WorkbenchError && error.code === 'bad-input') return [];
      throw error;
    }
  };
  return {
    changes: [...evidence(), ...saidByPrograms(comparison, row, settings)],
    parting: partingOf(left.text, right.text),
  };
}

/** For an own kind that a program judges, only its verdict is known, not the place in the text. */
function saidByPrograms(comparison: LoadedComparison, row: number, settings: KindSettings): Evidence[] {
  const { columns } = comparison;
  const own = comparison.ownKinds() ?? [];
  const programs = new Map(ownPrograms(settings).map((one) => [one.name, commandText(one)]));
  const [appeared, gone] = [columns.get('appeared')[row] ?? 0, columns.get('gone')[row] ?? 0];
  return namesOfChanges(appeared, gone, own).flatMap((changed): Evidence[] => {
    const name = changed.replace(/:gone$/, '');
    const program = programs.get(name);
    if (program === undefined || !own.includes(name)) return [];
    const isGone = changed !== name;
    const rule = `${isGone ? 'no longer ' : ''}“${name}”, says ${program}`;
    return [
      { kind: `own:${name}`, side: isGone ? 'left' : 'right', span: null, rule, change: isGone ? 'gone' : 'appeared' },
    ];
  });
}

function side(db: ReadableDb, evaluation: number, sampleKey: number): SampleSide | null {
  const key = packKey(evaluation, sampleKey);
  const score = one<{
    score: number | null;
    verdict: number;
    metrics: Uint8Array | null;
    attempts: number;
    solved: number;
  }>(db, sql`SELECT score, verdict, metrics, attempts, solved FROM scores WHERE score_key = ${key}`);
  if (score === undefined) return null;
  const tags = resultTags(db, key, key).get(key);
  return {
    evaluationId: value<string>(db, sql`SELECT id FROM evaluations WHERE evaluation_key = ${evaluation}`) ?? '',
    output: value<string>(db, sql`SELECT body FROM outputs WHERE score_key = ${key}`) ?? null,
    score: score.score,
    verdict: verdictOf(score.verdict),
    metrics: decodeMetrics(score.metrics, metricNames(db, evaluation)),
    ...(tags === undefined ? {} : { tags: [...tags] }),
    ...(score.attempts === 0
      ? {}
      : { solved: { attempts: score.attempts, right: score.solved }, attempts: attemptsOf(db, key) }),
  };
}

/** The sample in every evaluation of its scope, by id, even if its prompt was worded differently. Oldest first. */
export function sampleTimeline(db: ReadableDb, sampleKey: number): TimelineMark[] {
  return all<Omit<TimelineMark, 'verdict'> & { verdict: number }>(
    db,
    sql`SELECT e.id AS evaluationId, e.name AS evaluationName, r.id AS runId, r.name AS runName, e.step AS step,
          x.verdict AS verdict, x.score AS score, e.created_at AS createdAt
        FROM samples own JOIN samples s ON s.scope_key = own.scope_key AND s.id_order = own.id_order
          JOIN evaluations e ON e.scope_key = own.scope_key AND e.state = 'ready'
          JOIN scores x ON x.score_key = (e.evaluation_key << 31) + s.sample_key
          LEFT JOIN runs r USING (run_key)
        WHERE own.sample_key = ${sampleKey} ORDER BY e.created_at, e.evaluation_key`,
  ).map((mark) => ({ ...mark, verdict: verdictOf(mark.verdict) }));
}

export const sampleReads = { sampleTimeline };
