import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ReadSession } from '../session.ts';
import { parseJson } from './parse-json.ts';

/** A small JSON document, whole. @throws WorkbenchError `bad-input` where it is none, or too large for one. */
export async function readDocument(path: string, name: string, session: ReadSession): Promise<unknown> {
  const text = await readWhole(path, name, session);
  try {
    return parseJson(text);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${name} is not JSON.`, { cause, place: { file: name } });
  }
}

/** A small text, whole. @throws WorkbenchError `bad-input` where it is larger than what may be around records. */
export async function readWhole(path: string, name: string, session: ReadSession): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of session.readFile(path, name)) {
    bytes += chunk.length;
    if (bytes > session.limits.maxHeaderBytes)
      throw new WorkbenchError('bad-input', `${name} is too large for a file of its kind.`, { place: { file: name } });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
