import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FlipFilter } from '../../shared/domain/flip-view.ts';
import { ruleAndPairing } from '../queries/comparisons.ts';
import type { Rule } from '../../shared/domain/flip-rules.ts';
import type { ReadableDb } from '../database.ts';
import { each, one, sql } from '../database.ts';
import { isOfPairs, judgesContinuations } from '../queries/answers.ts';
import { ownKindsOf } from '../queries/change-kinds.ts';
import { emptyPrompt } from '../texts.ts';
import { StoredColumns } from './columns.ts';
import { readSampleTags, readTags } from './tags.ts';
import type { RowTags } from './tags.ts';
import { correctedKinds } from './corrections.ts';
import type { Corrections } from './corrections.ts';
import { rowsByKey } from './rows-by-key.ts';
import { SearchResults } from './search-results.ts';
import { Sliced } from './sliced.ts';
import type { RowByKey } from './rows-by-key.ts';

/** What people add to a comparison after it was built, as columns: one entry per pair. */
export interface Judgements {
  /** 1–6; 0 = none. */
  label: Uint8Array;
  reviewed: Uint8Array;
  noted: Uint8Array;
  corrections: Corrections;
}

interface SideRows {
  left: RowByKey;
  right: RowByKey;
}

/** One comparison as the reader holds it: columns, and what is looked up in addition. */
export class LoadedComparison {
  readonly db: ReadableDb;
  readonly id: string;
  readonly key: number;
  readonly leftKey: number;
  readonly rightKey: number;
  readonly columns: StoredColumns;
  /** What was searched for, and where it was found. */
  readonly searches: SearchResults;
  readonly sliced: Sliced;
  #rowsByKey: SideRows | null = null;
  readonly rule: Rule;
  #judgements: Judgements | null = null;
  #corrected: Uint8Array | null = null;
  #tags: RowTags | null = null;
  #sampleTags: RowTags | null = null;
  #ownKinds: string[] | null | undefined = undefined;
  #ofPairs: boolean | null = null;
  #continues: boolean | null = null;
  #trained: Uint8Array | null = null;

  constructor(db: ReadableDb, row: ComparisonHead) {
    this.db = db;
    this.id = row.id;
    this.key = row.comparison_key;
    this.leftKey = row.left_key;
    this.rightKey = row.right_key;
    this.rule = ruleAndPairing(row.rule).rule;
    this.columns = new StoredColumns(db, row.build_key, row.rows);
    this.searches = new SearchResults(this);
    this.sliced = new Sliced(db, () => this.columns.get('sliceSet'));
  }

  /** Whether it is of preference pairs: both sides' texts are then the rejected response, and neither is an output. */
  get ofPairs(): boolean {
    return (this.#ofPairs ??= isOfPairs(this.db, this.leftKey));
  }

  /** Whether what is judged continues the prompt. */
  get continues(): boolean {
    return (this.#continues ??= judgesContinuations(this.db, this.leftKey));
  }

  get rows(): number {
    return this.columns.rows;
  }

  /** Call when annotations, tags or stability marks have changed. */
  forgetJudgements(): void {
    this.#judgements = null;
    this.#corrected = null;
    this.#tags = null;
    this.#sampleTags = null;
    this.columns.forgetMarks();
    this.#ownKinds = undefined;
    this.#trained = null;
  }

  /** Rows by the sample's key on either side; −1 if there is none. */
  rowsByKey(): SideRows {
    if (this.#rowsByKey !== null) return this.#rowsByKey;
    const keys = this.columns.get('leftKey');
    const rightKeys = this.columns.get('rightKey');
    const left = rowsByKey(keys);
    const same = keys.every((key, row) => key === rightKeys[row]);
    return (this.#rowsByKey = { left, right: same ? left : rowsByKey(rightKeys) });
  }

  /** The own kinds of change by bit; null if no kinds have been found yet. */
  ownKinds(): string[] | null {
    if (this.#ownKinds === undefined) this.#ownKinds = ownKindsOf(this.db, this.columns.buildKey);
    return this.#ownKinds;
  }

  judgements(): Judgements {
    if (this.#judgements !== null) return this.#judgements;
    const corrections = new Map<number, { left: number; right: number }>();
    const judgements = {
      label: new Uint8Array(this.rows),
      reviewed: new Uint8Array(this.rows),
      noted: new Uint8Array(this.rows),
      corrections,
    };
    for (const row of each<AnnotationRow>(
      this.db,
      sql`SELECT sample_key, label, reviewed, note <> '' AS noted, left_verdict, right_verdict
          FROM annotations WHERE comparison_key = ${this.key}`,
    )) {
      const at = this.columns.positionOf(row.sample_key);
      if (at < 0) continue;
      judgements.label[at] = row.label ?? 0;
      judgements.reviewed[at] = row.reviewed;
      judgements.noted[at] = row.noted;
      const left = this.#correction('leftVerdict', at, row.left_verdict);
      const right = this.#correction('rightVerdict', at, row.right_verdict);
      if (left !== 0 || right !== 0) corrections.set(at, { left, right });
    }
    return (this.#judgements = judgements);
  }

  /** A verdict set by hand is a correction if the evaluation says otherwise; 0 = none. */
  #correction(side: 'leftVerdict' | 'rightVerdict', row: number, code: number): number {
    return this.rule.kind === 'verdict' && this.columns.get(side)[row] === code ? 0 : code;
  }

  /** Codes of `flipKinds` by row: as evaluated, or with the verdicts that people corrected. */
  kinds(verdicts?: FlipFilter['verdicts']): Uint8Array {
    if (verdicts === 'as-evaluated') return this.columns.get('kind');
    return (this.#corrected ??= correctedKinds(this.columns, this.rule, this.judgements().corrections));
  }

  /** 1 if a run of either side was trained on the sample's prompt. */
  trained(): Uint8Array {
    if (this.#trained !== null) return this.#trained;
    const trained = new Uint8Array(this.rows);
    const keys = this.columns.get('leftKey');
    const prompts = trainedPrompts(this.db, [this.leftKey, this.rightKey]);
    if (prompts.size > 0) {
      for (const { sample_key, prompt } of each<{ sample_key: number; prompt: string }>(
        this.db,
        sql`SELECT sample_key, hex(prompt_hash) AS prompt FROM samples
            WHERE sample_key BETWEEN ${keys[0] ?? 0} AND ${keys.at(-1) ?? 0}`,
      )) {
        if (!prompts.has(prompt)) continue;
        const at = this.columns.positionOf(sample_key);
        if (at >= 0) trained[at] = 1;
      }
    }
    return (this.#trained = trained);
  }

  /** Tags of the samples and of both results. */
  tags(): RowTags {
    return (this.#tags ??= readTags(this));
  }

  /** Tags of the samples alone. */
  sampleTags(): RowTags {
    return (this.#sampleTags ??= readSampleTags(this));
  }
}

/** Hashes of the prompts that the runs of some evaluations were trained on, as hex. No run was trained on a sample without a prompt. */
function trainedPrompts(db: ReadableDb, evaluationKeys: readonly number[]): Set<string> {
  const prompts = new Set<string>();
  for (const key of evaluationKeys) {
    const runKey = one<{ run_key: number | null }>(
      db,
      sql`SELECT run_key FROM evaluations WHERE evaluation_key = ${key} AND (step IS NULL OR step > 0)`,
    )?.run_key;
    if (runKey === undefined || runKey === null) continue;
    for (const { prompt } of each<{ prompt: string }>(
      db,
      sql`SELECT hex(prompt_hash) AS prompt FROM trained_samples WHERE run_key = ${runKey} AND prompt_hash IS NOT NULL`,
    )) {
      prompts.add(prompt);
    }
  }
  prompts.delete(emptyPrompt.toString('hex').toUpperCase());
  return prompts;
}

interface AnnotationRow {
  sample_key: number;
  label: number | null;
  reviewed: number;
  noted: number;
  left_verdict: number;
  right_verdict: number;
}

interface ComparisonHead {
  comparison_key: number;
  id: string;
  left_key: number;
  right_key: number;
  build_key: number;
  rows: number;
  rule: string;
}

/** Only a comparison whose build is complete can be looked at. */
export function loadComparison(db: ReadableDb, id: string): LoadedComparison {
  return new LoadedComparison(db, readHead(db, id));
}

export function readHead(db: ReadableDb, id: string): ComparisonHead {
  const head = one<ComparisonHead & { build_key: number | null; state: string }>(
    db,
    sql`SELECT c.comparison_key, c.id, c.left_key, c.right_key, c.rule, c.build_key, c.state, b.rows
        FROM comparisons c LEFT JOIN comparison_builds b USING (build_key) WHERE c.id = ${id}`,
  );
  if (head === undefined) throw new WorkbenchError('not-found', 'This comparison is not in the workspace');
  if (head.build_key === null || head.state !== 'ready') {
    throw new WorkbenchError('conflict', 'This comparison is still being built', {
      remedy: 'Wait until it is ready; its progress is shown in the list of comparisons.',
    });
  }
  return head;
}
