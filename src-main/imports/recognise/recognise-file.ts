import { readFile } from 'node:fs/promises';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import { inspectSource } from '../inspect-source.ts';
import type { InspectedSource } from '../inspect-source.ts';
import { readArchive } from '../records/archive.ts';
import { compressionOf, readContentHead, readHead } from '../records/bytes.ts';
import { ReadSession, sizeOf } from '../session.ts';
import { suggestMap } from '../suggest-map.ts';
import { containers } from '../types.ts';
import { foreignArchive, foreignBySign, isBinary, wideEncoding } from './foreign-file.ts';
import type { Foreign } from './foreign-file.ts';
import type { Found, OwnSigns } from './found.ts';
import { outlineJson } from '../records/json-outline.ts';
import { columnsFault, isTableName, jsonFault, textFault } from './text-fault.ts';

const headBytes = 2 ** 18;
/** A JSON document up to this size is parsed whole, so that a fault in its middle is known before the import. */
const parsedWholeBytes = 64 * 2 ** 20;
/** A report carries its pictures and styles before its data. */
const reportHeadBytes = 32 * 2 ** 20;

/** What a single file is. Reads its beginning; a JSON document whole, where it is not large. */
export async function recogniseFile(path: string, label: string, signs: OwnSigns): Promise<Found> {
  const sizeBytes = await sizeOf(path);
  const found = (part: Pick<Found, 'kind' | 'reason'> & Partial<Found>): Found => ({
    path,
    label,
    format: null,
    remedy: null,
    files: 1,
    sizeBytes,
    ...part,
  });
  const refused = (why: string, remedy: string | null): Found =>
    found({ kind: 'unknown', reason: `${label} cannot be imported: ${why}.`, remedy });
  const head = await readHead(path, headBytes);
  if (head.length === 0) return refused('the file is empty', null);
  if (isZip(head)) return recogniseArchive(path, found, refused, signs);
  const foreign = foreignBySign(head);
  if (foreign !== null) return refused(`it is ${foreign.what}`, foreign.remedy);
  const own = await reportIn(path, head, signs);
  if (own !== null) return found({ kind: 'report', reason: own });
  if (label.endsWith('.html') || label.endsWith('.htm')) {
    const { why, remedy } = textFault(label, head.toString('utf8'));
    return refused(why, remedy);
  }
  return recogniseRecords(path, label, sizeBytes, found, refused);
}

type Make = (part: Pick<Found, 'kind' | 'reason'> & Partial<Found>) => Found;
type Refuse = (why: string, remedy: string | null) => Found;

function isZip(head: Buffer): boolean {
  return head[0] === 0x50 && head[1] === 0x4b && (head[2] === 3 || head[2] === 5);
}

async function recogniseArchive(path: string, found: Make, refused: Refuse, signs: OwnSigns): Promise<Found> {
  const names: string[] = [];
  try {
    for await (const { name } of readArchive(path, path, new ReadSession({}))) names.push(name);
  } catch {
    return refused('it is a damaged zip archive', 'Fetch or write it again.');
  }
  if (names.includes(signs.packedDatabase)) return found({ kind: 'workspace', reason: 'It is a packed workspace.' });
  try {
    const { detection } = await inspectSource(path, {});
    return found({ kind: 'evaluation', format: detection.format, reason: sentence(detection.reason) });
  } catch {
    const foreign: Foreign = foreignArchive(names);
    return refused(`it is ${foreign.what}`, foreign.remedy);
  }
}

/** HTML with the data of a report, or a report’s JSON. */
async function reportIn(path: string, head: Buffer, signs: OwnSigns): Promise<string | null> {
  const start = head.toString('utf8').trimStart();
  if (start.startsWith('<')) {
    const wanted = Buffer.from(`id="${signs.reportDataId}"`);
    const text = head.length < headBytes ? head : await readHead(path, reportHeadBytes);
    return text.includes(wanted) ? 'It is a report of the workbench.' : null;
  }
  return /^\{\s*"report"\s*:\s*\{/.test(start) ? 'It is a report of the workbench, as JSON.' : null;
}

async function recogniseRecords(
  path: string,
  label: string,
  sizeBytes: number,
  found: Make,
  refused: Refuse,
): Promise<Found> {
  const compression = compressionOf(await readHead(path, 8));
  let text: Buffer;
  let source: InspectedSource;
  try {
    text = (await readContentHead(path, compression, headBytes, new ReadSession({}))).head;
  } catch (error) {
    return refused(`its ${compression} data is damaged`, remedyOf(error));
  }
  const parquet = text.subarray(0, 4).toString('latin1') === 'PAR1';
  const wide = wideEncoding(text);
  if (!parquet && wide !== null) return refused(`its text is ${wide}`, 'Write it as UTF-8.');
  if (!parquet && isBinary(text)) {
    const inner = compression === 'none' ? null : foreignBySign(text);
    return inner === null
      ? refused('it is a binary file of no kind that is known here', null)
      : refused(`it is ${inner.what}, compressed`, inner.remedy);
  }
  if (compression !== 'none' && foreignBySign(text)?.what === 'a tar archive')
    return refused('it is a tar archive, compressed', 'Unpack it, then import what is in it.');
  try {
    source = await inspectSource(path, {});
  } catch {
    return broken(path, label, sizeBytes, compression, text, refused);
  }
  const { detection } = source;
  if (detection.container === 'json' && compression === 'none' && sizeBytes <= parsedWholeBytes) {
    const fault = jsonFault(await readFile(path, 'utf8'));
    if (fault !== null) return refused(fault.why, fault.remedy);
  }
  if (detection.container !== null && detection.fields.length === 0) {
    const fault = detection.container === 'json' ? null : textFault(label, text.toString('utf8'));
    return fault === null
      ? refused('its list holds no records (objects)', 'Write one object per record.')
      : refused(fault.why, fault.remedy);
  }
  return classified(source, label, text, found, refused);
}

function remedyOf(error: unknown): string | null {
  return error instanceof WorkbenchError ? (error.remedy ?? null) : null;
}

async function broken(
  path: string,
  label: string,
  sizeBytes: number,
  compression: string,
  head: Buffer,
  refused: Refuse,
): Promise<Found> {
  const text = head.toString('utf8');
  const isDocument = /^\s*[[{]/.test(text.replace(/^\uFEFF/, ''));
  if (isDocument && compression === 'none' && sizeBytes <= parsedWholeBytes) {
    const fault = jsonFault((await readFile(path, 'utf8')).replace(/^\uFEFF/, ''));
    if (fault !== null) return refused(fault.why, fault.remedy);
    const columns = columnsFault(outlineJson(text));
    if (columns !== null) return refused(columns.why, columns.remedy);
    return refused(
      'it is one JSON document and holds no list of records',
      'One list of objects, or one object per line.',
    );
  }
  const parquet = head.subarray(0, 4).toString('latin1') === 'PAR1';
  if (parquet) return refused('it is a damaged Parquet file', 'Fetch or write it again.');
  const fault = textFault(label, text);
  return refused(fault.why, fault.remedy);
}

/** Evaluation, data set or suite, by the fields where no tool’s layout is known. */
function classified({ detection }: InspectedSource, label: string, head: Buffer, found: Make, refused: Refuse): Found {
  const { format, purpose, fields } = detection;
  const generic = containers.some((container) => container === format);
  const tool = !generic && purpose === 'evaluation';
  if (tool) return found({ kind: 'evaluation', format, reason: sentence(detection.reason) });
  const { map } = suggestMap(fields, 'evaluation');
  const judged = map.correct !== undefined || map.score !== undefined;
  const paired = fields.includes('chosen') && fields.includes('rejected');
  if (map.output !== undefined && judged && !paired && format !== 'unpaired')
    return found({
      kind: 'evaluation',
      format: detection.container,
      reason: 'Records have an answer and a verdict or score.',
    });
  if (format === 'prompt-only' && map.output !== undefined)
    return found({ kind: 'evaluation', format: detection.container, reason: 'Records have a prompt and an answer.' });
  if (purpose === 'dataset') return found({ kind: 'dataset', format, reason: sentence(detection.reason) });
  const has = (...names: string[]): boolean => names.some((name) => fields.includes(name));
  if (has('options', 'choices', 'endings') && has('answer', 'label', 'gold', 'target'))
    return found({
      kind: 'suite',
      format: detection.container,
      reason: 'Records have options and which of them is right.',
    });
  if (detection.container === 'csv' && !isTableName(label)) {
    const fault = textFault(label, head.toString('utf8'));
    return refused(fault.why, fault.remedy);
  }
  const known = map.prompt !== undefined || map.output !== undefined || map.target !== undefined || judged;
  const lines = head
    .toString('utf8')
    .split('\n')
    .filter((line) => line.trim() !== '').length;
  if (!known && (detection.container === 'json' || (detection.container === 'jsonl' && lines === 1)))
    return refused(
      'its records have none of the fields of an evaluation or data set',
      `It has: ${fields.slice(0, 12).join(', ')}.`,
    );
  return found({
    kind: 'evaluation',
    format: detection.container,
    reason: 'No tool’s layout is known: say which field is which.',
  });
}

function sentence(reason: string): string {
  return `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`;
}
