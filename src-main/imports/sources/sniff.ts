import { basename } from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { foreignBySign, isBinary, wideEncoding } from '../recognise/foreign-file.ts';
import { columnsFault, textFault } from '../recognise/text-fault.ts';
import { compressionOf, readContentHead, readHead } from '../records/bytes.ts';
import { declaredDelimiter, delimiterOf } from '../records/csv.ts';
import { type OutlineEntry, outlineJson } from '../records/json-outline.ts';
import { type LineEnd, withoutBom } from '../../system/lines.ts';
import { parseJson } from '../records/parse-json.ts';
import type { Layout } from '../records/record.ts';
import { ReadSession } from '../session.ts';
import type { Compression, Container } from '../types.ts';

const headBytes = 2 ** 20;

/** How a file's records are to be read. An archive has no layout of its own. */
export type Sniffed = { container: 'zip' } | { container: Container; layout: Layout; outline: OutlineEntry[] };

/**
 * Tells a file's container by its content: magic numbers for Parquet, zip, gzip and zstd, then how the text begins. With
 * `wanted`, a text is read as that container.
 * @throws WorkbenchError `unsupported` when the content is none of them.
 */
export async function sniffFile(path: string, wanted: Container | undefined, session: ReadSession): Promise<Sniffed> {
  const magic = await readHead(path, 8);
  if (magic.length === 0) throw unsupported(path, 'the file is empty');
  if (isZip(magic)) return { container: 'zip' };
  const compression = compressionOf(magic);
  const scratch = new ReadSession({ limits: session.limits });
  const { head, whole } = await readContentHead(path, compression, headBytes, scratch);
  if (isParquet(head)) return { container: 'parquet', layout: { container: 'parquet', compression }, outline: [] };
  const wide = wideEncoding(head);
  if (wide !== null) throw unsupported(path, `its text is ${wide}`, 'Write it as UTF-8.');
  const text = withoutBom(head).toString('utf8');
  if (whole && text.trim() === '') throw unsupported(path, 'the file is empty');
  const outline = text.trimStart().startsWith('{') ? outlineJson(text) : [];
  const container = wanted === undefined || wanted === 'parquet' ? textContainer(path, text, whole, outline) : wanted;
  if (container === null) throw notRecords(path, magic.length < 8 ? head : await readHead(path, 4096), text);
  const columns = wanted !== 'jsonl' && isOneDocument(text, whole, container) ? columnsFault(outline) : null;
  if (columns !== null && documentOf(outline) === null) throw unsupported(path, columns.why, columns.remedy);
  return { container, layout: layoutOf(container, compression, text, outline), outline };
}

/** Also on a line of its own, which would be a lone record otherwise. */
function isOneDocument(text: string, whole: boolean, container: Container): boolean {
  return container === 'json' || (whole && !text.trim().includes('\n'));
}

function isZip(head: Buffer): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

function isParquet(head: Buffer): boolean {
  return head.subarray(0, 4).toString('latin1') === 'PAR1';
}

function unsupported(path: string, why: string, remedy: string | null = null): WorkbenchError {
  return new WorkbenchError('unsupported', `${basename(path)} cannot be imported: ${why}.`, {
    ...(remedy === null ? {} : { remedy }),
    place: { file: basename(path) },
  });
}

/** What a file of another kind is, where its beginning tells. */
function notRecords(path: string, start: Buffer, text: string): WorkbenchError {
  const foreign = foreignBySign(start);
  if (foreign !== null) return unsupported(path, `it is ${foreign.what}`, foreign.remedy);
  if (isBinary(start) && compressionOf(start) === 'none')
    return unsupported(path, 'it is a binary file of no kind that is known here');
  const { why, remedy } = textFault(basename(path), text);
  return unsupported(path, why, remedy);
}

function textContainer(path: string, text: string, whole: boolean, outline: OutlineEntry[]): Container | null {
  const start = text.trimStart();
  if (isLoneColumn(path, start)) return 'csv';
  if (start.startsWith('"') && isTextLines(start)) return 'jsonl';
  if (start.startsWith('[')) return 'json';
  if (start.startsWith('{')) return isJsonLines(start, whole, outline) ? 'jsonl' : 'json';
  const firstLine = firstLineOf(start);
  if (declaredDelimiter(firstLine) !== null) return 'csv';
  return delimiterOf(firstLine) === null ? null : 'csv';
}

/** A table of one column has no delimiter to be told by: its file's name and a header that could be a name say what it is. */
function isLoneColumn(path: string, start: string): boolean {
  const [header = '', ...rows] = start.split(/\r\n?|\n/);
  const isNamed =
    /\.(csv|tsv|tab|psv)(\.gz|\.zst)?$/i.test(path) && /^("?)[\p{L}_][\p{L}\p{N}_ .-]{0,63}\1$/u.test(header);
  return isNamed && delimiterOf(header) === null && rows.some((row) => row.trim() !== '');
}

/** A JSON text per line. A header in quotes alone is no list of texts: cells follow it that are none. */
function isTextLines(start: string): boolean {
  const lines = start.split(/\r\n?|\n/, 3).filter((line) => line.trim() !== '');
  return lines.length > 1 && lines.slice(0, 2).every(isQuotedText);
}

function isQuotedText(line: string): boolean {
  try {
    return typeof parseJson(line) === 'string';
  } catch {
    return false;
  }
}

/** One object a line, or one document over many lines (or on a single one, with a list of records in it)? */
function isJsonLines(start: string, whole: boolean, outline: OutlineEntry[]): boolean {
  const lines = start.split(/\r\n?|\n/).filter((line) => line.trim() !== '');
  const complete = whole ? lines : lines.slice(0, -1);
  if (complete.length <= 1) return !isHolder(outline);
  const [first = '', second = ''] = complete;
  return isObjectText(first) || (!/[{[,]\s*$/.test(first) && isObjectText(second));
}

const holders = new Set([
  'data',
  'rows',
  'records',
  'examples',
  'samples',
  'results',
  'instances',
  'items',
  'train',
  'test',
  'events',
  'examples_with_runs',
  'itemResults',
  'item_results',
]);

/** A lone line is a record, lists of turns and all, unless its list has a name that people give to lists of records. */
function isHolder(outline: OutlineEntry[]): boolean {
  const isKnown = looksLikeInspect(outline) || looksLikePromptfoo(outline) || documentOf(outline) !== null;
  return isKnown || holders.has(recordsPath(outline)?.[0] ?? '');
}

function isObjectText(line: string): boolean {
  try {
    const value = parseJson(line);
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}

function firstLineOf(text: string): string {
  return text.split(/\r\n?|\n/, 1)[0] ?? '';
}

/** Carriage returns and no line feed: they are the line ends. */
function lineEndOf(text: string): { lineEnd?: LineEnd } {
  return text.includes('\r') && !text.includes('\n') ? { lineEnd: 'cr' } : {};
}

function layoutOf(container: Container, compression: Compression, text: string, outline: OutlineEntry[]): Layout {
  switch (container) {
    case 'json':
      return {
        container,
        compression,
        arrayPath: text.trimStart().startsWith('[') ? [] : (recordsPath(outline) ?? []),
      };
    case 'csv':
      return { container, compression, delimiter: delimiterIn(text), ...lineEndOf(text) };
    case 'jsonl':
      return { container, compression, ...lineEndOf(text) };
    default:
      return { container, compression };
  }
}

function delimiterIn(text: string): string {
  const first = firstLineOf(text);
  return declaredDelimiter(first) ?? delimiterOf(first) ?? ',';
}

/**
 * Where a JSON document keeps its records: Inspect's and promptfoo's places where their other keys are seen (the list
 * itself may be beyond the head), else the outermost list of objects, one with a name that people give to records before others.
 */
export function recordsPath(outline: readonly OutlineEntry[]): readonly string[] | null {
  if (looksLikeInspect(outline)) return ['samples'];
  if (looksLikePromptfoo(outline)) return ['results', 'results'];
  const lists = outline.filter(({ kind }) => kind === 'list-of-objects');
  const rank = ({ path }: OutlineEntry): number => path.length * 2 - Number(holders.has(path.at(-1) ?? ''));
  return lists.toSorted((a, b) => rank(a) - rank(b))[0]?.path ?? null;
}

export function looksLikeInspect(outline: readonly OutlineEntry[]): boolean {
  return holds(outline, 'eval', 'task') && holds(outline, 'eval', 'model');
}

export function looksLikePromptfoo(outline: readonly OutlineEntry[]): boolean {
  return (
    holds(outline, 'results', 'version') &&
    (holds(outline, 'results', 'results') || holds(outline, 'results', 'prompts'))
  );
}

/** A document whose records are the entries of an object, or which is no list of records at all. */
export interface KnownDocument {
  format: 'opencompass' | 'swe-bench';
  reason: string;
  /** Where the entries are; null where the document is read as one. */
  entriesAt: readonly string[] | null;
}

export function documentOf(outline: readonly OutlineEntry[]): KnownDocument | null {
  if (holds(outline, 'resolved_ids') && (holds(outline, 'submitted_ids') || holds(outline, 'completed_ids')))
    return { format: 'swe-bench', reason: 'the document has SWE-bench’s “resolved_ids”', entriesAt: null };
  if (outline.some(({ path }) => path.length === 2 && path[1] === 'patch_successfully_applied'))
    return { format: 'swe-bench', reason: 'the document has SWE-bench’s report of instances', entriesAt: [] };
  const isDetail = ({ path }: OutlineEntry): boolean =>
    path.length === 3 && path[0] === 'details' && detailNames.has(path[2] ?? '');
  if (outline.some(isDetail))
    return { format: 'opencompass', reason: 'the document has OpenCompass’s “details”', entriesAt: ['details'] };
  return null;
}

const detailNames = new Set(['pred', 'prediction', 'predictions', 'origin_prediction', 'correct', 'is_correct']);

function holds(outline: readonly OutlineEntry[], ...path: string[]): boolean {
  return outline.some(
    (entry) => entry.path.length === path.length && path.every((key, index) => entry.path[index] === key),
  );
}
