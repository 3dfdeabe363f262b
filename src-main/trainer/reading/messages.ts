import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { RowReading, ShownRow } from '../../shared/domain/data/shown-row.ts';

/** What the thread that reads rows is asked; it loads a tokenizer and no weights. */
export type ReadingTask =
  | { kind: 'show'; modelPath: string; row: DatasetRow; reading: RowReading; maxLength: number }
  /** Every `of`th row of a file of rows from `part` on. */
  | {
      kind: 'lengths';
      modelPath: string;
      rowsPath: string;
      rows: number;
      reading: RowReading;
      maxLength: number;
      part: number;
      of: number;
    };

/** Tokens of each row of a part, in its order: whole lengths, before anything is cut. */
export interface RowLengths {
  prompt: Int32Array;
  /** Prompt and response; of pairs the chosen one. */
  first: Int32Array;
  /** Prompt and rejected response; empty where there is none. */
  second: Int32Array;
  /** 0 whole, 1 cut, 2 left out. */
  fate: Uint8Array;
}

export type ReadingAnswer =
  { type: 'progress'; done: number } | { type: 'shown'; row: ShownRow } | { type: 'lengths'; lengths: RowLengths };
