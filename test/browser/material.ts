import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Workbench } from '../../src-main/workbench/workbench.ts';
import { quietTask } from '../../src-main/workbench/supervision/task.ts';

/** A file with the answers of two models to the same questions, and where in it each model’s answers are. */
export interface TwoModels {
  name: string;
  text: string;
  rows: number;
  negative: number;
  positive: number;
  old: { output: string; correct: string };
  now: { output: string; correct: string };
}

const gsm8k = path.resolve(import.meta.dirname, '../../../shared/data/gsm8k/example_model_solutions.jsonl');

/** GSM8K's 1,319 questions where the shared material is at hand, else as many made-up ones of the same shape. */
export function twoModels(): TwoModels {
  const fields = (model: string) => ({ output: `${model}.solution`, correct: `${model}.is_correct` });
  if (existsSync(gsm8k)) {
    const text = readFileSync(gsm8k, 'utf8');
    const [old, now] = [fields('6b_finetuning'), fields('6b_verification')];
    // Check values of the shared material's own table.
    return { name: 'example_model_solutions.jsonl', text, rows: 1319, negative: 64, positive: 293, old, now };
  }
  console.warn('skipped: GSM8K itself, since ../shared is not here; made-up questions stand in for it');
  const rows = Array.from({ length: 1319 }, (_, i) => madeUpRow(i));
  const negative = rows.filter((row) => row.small.is_correct && !row.large.is_correct).length;
  const positive = rows.filter((row) => !row.small.is_correct && row.large.is_correct).length;
  return {
    name: 'made-up.jsonl',
    text: rows.map((row) => JSON.stringify(row)).join('\n'),
    rows: 1319,
    negative,
    positive,
    old: fields('small'),
    now: fields('large'),
  };
}

function madeUpRow(i: number) {
  const solved = (right: boolean) => ({ is_correct: right, solution: `${i} and ${i} is ${right ? 2 * i : 2 * i + 1}` });
  return {
    question: `What is ${i} and ${i}?`,
    ground_truth: String(2 * i),
    small: solved(i % 3 > 0),
    large: solved(i % 7 > 0),
  };
}

/** Stores both models' answers as evaluations, without the screen, and compares them; returns the comparison's id. */
export async function compareTwoModels(workbench: Workbench, material = twoModels()): Promise<string> {
  const source = path.join(mkdtempSync(path.join(tmpdir(), 'flipguard-material-')), material.name);
  writeFileSync(source, material.text);
  const ids: string[] = [];
  for (const [name, fields] of [
    ['old model', material.old],
    ['new model', material.now],
  ] as const) {
    const map = { prompt: 'question', target: 'ground_truth', ...fields };
    const imported = await workbench.imports.evaluation({ source, name, map }, quietTask());
    ids.push(imported.id);
  }
  const [left = '', right = ''] = ids;
  return (await workbench.comparisons.ready(left, right, undefined, quietTask())).id;
}
