import type { FoundKind } from '../../shared/domain/found-things.ts';

/** What is in files that somebody handed over: one thing to be imported or opened, or why it is none. */
export interface Found {
  kind: FoundKind;
  /** What is to be read: a file, or the folder of several that belong together. */
  path: string;
  /** Its name, or its path below what was handed over. */
  label: string;
  /** The format of an evaluation or data set; null otherwise. */
  format: string | null;
  /** A sentence: by what it was known, or why it cannot be taken. */
  reason: string;
  remedy: string | null;
  /** Files that belong to it. */
  files: number;
  sizeBytes: number;
}

/** What tells the workbench's own files; the readers do not know where those are written. */
export interface OwnSigns {
  /** Name of the file that marks a workspace folder, and of the database in a packed one. */
  workspaceMarker: string;
  packedDatabase: string;
  /** Id of the element that carries a report's data. */
  reportDataId: string;
}

export const mostFound = 200;
