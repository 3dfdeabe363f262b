import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import { showRow } from '../../../src-main/engine/data/show-row.ts';
import { loadTokenizer, type Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openDatasetImport } from '../../../src-main/imports/index.ts';
import type { DatasetRow } from '../../../src-main/shared/domain/datasets.ts';
import type { RowReading, ShownRow, ShownSide } from '../../../src-main/shared/domain/data/shown-row.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { jsonl, read, tempFolder } from '../../imports/fixtures.ts';

/** What TRL 1.13's trainers and transformers made of raw rows (test/golden/training/rows.py). */
interface Recorded {
  maxLength: number;
  tokenizers: Record<
    string,
    {
      task: 'dpo' | 'sft' | 'reward' | 'kto' | 'prompts';
      format: string;
      rows: Record<string, unknown>[];
      sequences: [ids: number[], from: number][];
    }[]
  >;
}

const assets = path.join(import.meta.dirname, '../../assets');
const { maxLength, tokenizers } = JSON.parse(readFileSync(path.join(assets, 'training/rows.json'), 'utf8')) as Recorded;
const folder = tempFolder();
const load = (name: string) => loadTokenizer(openFolder(path.join(assets, 'tokenizers', name)));

const readings = { dpo: 'dpo', sft: 'sft', reward: 'reward', kto: 'sft', prompts: 'prompts' } as const;

/** What is kept, and which of it has a loss, side by side as TRL lists them: all chosen, then all rejected. */
function keptSides(rows: readonly ShownRow[]): (ShownSide | undefined)[] {
  const taken = rows.filter(({ leftOut }) => leftOut === null);
  const of = (part: 'chosen' | 'rejected' | 'completion' | 'prompt') => taken.map((row) => row[part]);
  if (rows[0]?.reading === 'prompts') return of('prompt');
  return rows[0]?.chosen === undefined ? of('completion') : [...of('chosen'), ...of('rejected')];
}

/** TRL marks the tokens from the first with a loss on; a reward model is scored at the last. */
function lossOf(reading: RowReading, length: number, from: number): boolean[] {
  const first = reading === 'reward' ? length - 1 : Math.max(1, from);
  return Array.from({ length }, (_, index) => index >= first);
}

describe.each(Object.keys(tokenizers))('rows under the tokenizer %s are shown as TRL trains on them', (name) => {
  test.each(tokenizers[name]!)('$format', async ({ task, format, rows: raw, sequences }) => {
    const tokenizer = await load(name.split(',')[0]!);
    const { rows } = await read(openDatasetImport(folder.write('rows.jsonl', jsonl(raw)), {}));
    const reading: RowReading = format === 'sft, conversation' ? 'sft-all' : readings[task];
    const sides = keptSides((rows as DatasetRow[]).map((row) => showRow(row, tokenizer, reading, maxLength)));
    const found = sides.map((side) => {
      const kept = side!.tokens.filter(({ cut }) => !cut);
      return { ids: kept.map(({ id }) => id), loss: kept.map(({ loss }) => loss) };
    });
    expect(found).toEqual(sequences.map(([ids, from]) => ({ ids, loss: lossOf(reading, ids.length, from) })));
  });
});

const pair = (tokenizer: Tokenizer, limit: number) =>
  showRow(
    {
      kind: 'preference',
      id: 'a',
      prompt: [{ role: 'user', content: 'Name a bird' }],
      chosen: [{ role: 'assistant', content: 'A wren' }],
      rejected: [{ role: 'assistant', content: 'A wren, naïve one' }],
    },
    tokenizer,
    'dpo',
    limit,
  );

test('what is cut stays visible, without a loss, and the first token that differs is found', async () => {
  const whole = pair(await load('qwen2'), 512);
  const prompt = whole.prompt!.length;
  const cut = pair(await load('qwen2'), prompt + 2);
  const { chosen, rejected, differsAt } = cut;
  expect({
    special: whole.chosen!.tokens.filter(({ special }) => special).map(({ text }) => text),
    text: whole.chosen!.tokens.map(({ text }) => text).join(''),
    lengths: [chosen!.length, rejected!.length].every((length) => length > prompt + 2),
    kept: [chosen!.kept, rejected!.kept],
    loss: chosen!.tokens.map(({ loss }, index) => (loss ? index : -1)).filter((index) => index >= 0),
    cut: chosen!.tokens.findIndex((token) => token.cut),
    same: chosen!.tokens.slice(0, differsAt!).map(({ id }) => id),
    differ: chosen!.tokens[differsAt!]?.id !== rejected!.tokens[differsAt!]?.id,
  }).toEqual({
    special: ['<|im_start|>', '<|im_end|>', '<|im_start|>', '<|im_end|>', '<|im_start|>', '<|im_end|>'],
    text: '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nName a bird<|im_end|>\n<|im_start|>assistant\nA wren<|im_end|>\n',
    lengths: true,
    kept: [prompt + 2, prompt + 2],
    loss: [prompt, prompt + 1],
    cut: prompt + 2,
    same: rejected!.tokens.slice(0, differsAt!).map(({ id }) => id),
    differ: true,
  });
});

test('a row that the limit leaves nothing of says so, and has no loss anywhere', async () => {
  const row = pair(await load('qwen2'), 5);
  expect([row.leftOut, row.chosen!.tokens.some(({ loss }) => loss), row.chosen!.kept]).toEqual([
    'The prompt alone fills the 5 tokens.',
    false,
    0,
  ]);
});
