import { extname } from 'node:path';
import type { OutlineEntry } from '../records/json-outline.ts';
import { findJsonFault, lineOf } from './json-fault.ts';

/** Text that holds no records, with the reason as a sentence’s end. */
export interface TextFault {
  why: string;
  remedy: string | null;
}

const jsonNames = /\.(json|jsonl|ndjson|jsonlines)(\.gz|\.zst)?$/i;

/** Whether a name says that the file is a table. */
export function isTableName(name: string): boolean {
  return /\.(csv|tsv|tab|psv|txt|dat)(\.gz|\.zst)?$/i.test(name) || extname(name) === '';
}

/**
 * Why a whole text is no JSON: where the first fault is, in words. Null where it is JSON. A fault in the first line of several
 * objects per line is of that line.
 */
export function jsonFault(text: string): TextFault | null {
  try {
    JSON.parse(text);
    return null;
  } catch {
    const fault = findJsonFault(text);
    if (fault === null) return { why: 'it is not valid JSON', remedy: 'Write or download it again.' };
    const line = lineOf(text, fault.offset);
    if (fault.atEnd)
      return {
        why: `its JSON ends in the middle, in line ${line}`,
        remedy: 'It was cut short: write or download it again.',
      };
    return {
      why: `it is not valid JSON at line ${line}: ${fault.what}`,
      remedy: 'Correct that line, or write the file again.',
    };
  }
}

/**
 * A document that keeps its records by column: an object of values by row number for each, as pandas writes by default, or
 * a list for each. Null where it does not.
 */
export function columnsFault(outline: readonly OutlineEntry[]): TextFault | null {
  const columns = outline.filter(({ path }) => path.length === 1);
  const cells = outline.filter(({ path }) => path.length === 2);
  const isIndexed = cells.length > 0 && cells.every(({ path }) => /^\d+$/.test(path[1] ?? ''));
  const byRow = isIndexed && columns.every(({ kind, path }) => kind === 'object' && !/^\d+$/.test(path[0] ?? ''));
  const asLists = columns.length > 1 && columns.every(({ kind }) => kind === 'list');
  if (!byRow && !asLists) return null;
  const names = columns.slice(0, 3).map(({ path }) => `“${path[0]}”`);
  return {
    why: `it holds columns (${names.join(', ')}${columns.length > names.length ? ', …' : ''}) and no records`,
    remedy: 'Write one object per row; pandas does so with df.to_json(FILE, orient="records", lines=True).',
  };
}

/** Why a text is of no kind that holds records. `head` is its beginning. */
export function textFault(name: string, head: string): TextFault {
  const start = head.trimStart();
  if (/^<svg[\s>]|^<\?xml[^]{0,500}<svg[\s>]/i.test(start)) return { why: 'it is a picture (SVG)', remedy: null };
  if (/^<(!doctype html|html|head|body)[\s>]/i.test(start))
    return {
      why: 'it is a web page, and no report of the workbench',
      remedy: 'A report is an HTML file that the workbench wrote.',
    };
  if (/^<\?xml|^<[a-z][\w:-]*[\s>]/i.test(start)) return { why: 'it is XML', remedy: 'Write records as JSONL or CSV.' };
  if (/^version https:\/\/git-lfs/.test(start))
    return { why: 'it is a pointer of Git LFS, and not the file itself', remedy: 'Fetch it with: git lfs pull' };
  const lines = head.split(/\r\n?|\n/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (jsonNames.test(name) || /^\s*[{[]/.test(start)) {
    const fault = jsonFault(lines[first] ?? '');
    return {
      why: fault === null ? 'it holds no records' : `it is not JSON at line ${first + 1}`,
      remedy: 'One JSON object per line (JSONL), or one list of objects (JSON).',
    };
  }
  return {
    why: 'it is plain text: neither JSON, JSONL, CSV nor Parquet',
    remedy: 'Import the file of results, one record per line.',
  };
}
