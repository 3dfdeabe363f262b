import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  tokeniseCompletions,
  tokenisePreferences,
  tokeniseRewardPairs,
  type TokenisedRows,
} from '../../../src-main/engine/data/tokenise.ts';
import type { CompletionSequence } from '../../../src-main/engine/losses/layout.ts';
import { loadTokenizer, type Tokenizer } from '../../../src-main/engine/tokenizer/tokenizer.ts';
import { openDatasetImport } from '../../../src-main/imports/index.ts';
import type { CompletionRow, DatasetRow, PreferenceRow } from '../../../src-main/shared/domain/datasets.ts';
import { openFolder } from '../../../src-main/trainer/node-folders.ts';
import { jsonl, read, tempFolder } from '../../imports/fixtures.ts';

/** What TRL 1.13's trainers made of raw rows (test/golden/training/rows.py). */
interface Recorded {
  maxLength: number;
  tokenizers: Record<
    string,
    {
      task: 'dpo' | 'sft' | 'reward';
      format: string;
      rows: Record<string, unknown>[];
      /** Ids, and the place of the first token with a loss; of pairs all chosen, then all rejected. */
      sequences: [ids: number[], from: number][];
    }[]
  >;
}

const assets = path.join(import.meta.dirname, '../../assets');
const { maxLength, tokenizers } = JSON.parse(readFileSync(path.join(assets, 'training/rows.json'), 'utf8')) as Recorded;
const folder = tempFolder();

function sequencesOf(
  recorded: Pick<Recorded['tokenizers'][string][number], 'task' | 'format'>,
  rows: DatasetRow[],
  tokenizer: Tokenizer,
) {
  const sides = ({ samples }: TokenisedRows<{ chosen: CompletionSequence; rejected: CompletionSequence }>) => [
    ...samples.map(({ chosen }) => chosen),
    ...samples.map(({ rejected }) => rejected),
  ];
  switch (recorded.task) {
    case 'dpo':
      return sides(tokenisePreferences(rows as PreferenceRow[], tokenizer, maxLength));
    case 'reward':
      return sides(tokeniseRewardPairs(rows as PreferenceRow[], tokenizer, maxLength)).map((sequence) => ({
        ...sequence,
        from: 0,
      }));
    case 'sft': {
      // TRL learns from every token of a conversation by default.
      const completionOnly = recorded.format !== 'sft, conversation';
      return tokeniseCompletions(rows as CompletionRow[], tokenizer, { maxLength, completionOnly }).samples.map(
        ({ sequence }) => sequence,
      );
    }
  }
}

describe.each(Object.keys(tokenizers))('rows under the tokenizer %s become TRL’s tokens', (name) => {
  // What is shown of unpaired rows and prompts is compared in show-row.test.ts.
  test.each(tokenizers[name]!.filter(({ task }) => ['dpo', 'sft', 'reward'].includes(task)))(
    '$format',
    async (recorded) => {
      const tokenizer = await loadTokenizer(openFolder(path.join(assets, 'tokenizers', name.split(',')[0]!)));
      const { rows, problems } = await read(openDatasetImport(folder.write('rows.jsonl', jsonl(recorded.rows)), {}));
      expect(problems).toEqual([]);
      const made = sequencesOf(recorded, rows, tokenizer).map(({ ids, from }) => [[...ids], from]);
      expect(made).toEqual(recorded.sequences);
    },
  );
});
