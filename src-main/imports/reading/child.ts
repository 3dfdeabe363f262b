import { basename } from 'node:path';
import { WorkbenchError, reportOf } from '../../shared/domain/errors.ts';
import type { ErrorReport } from '../../shared/domain/errors.ts';
import type { DatasetRow } from '../../shared/domain/datasets.ts';
import type { SampleResult, SuiteItem } from '../../shared/domain/evaluations.ts';
import { useCompileCache } from '../../system/compile-cache.ts';
import { openParentChannel } from '../../system/parent-channel.ts';
import type { ImportStream } from '../import-stream.ts';
import { openDatasetImport, openEvaluationImport, openSuiteImport } from '../open.ts';
import { openEvaluationParts } from '../parts.ts';
import { previewImport } from '../preview.ts';
import { recogniseAll } from '../recognise/recognise.ts';
import { readReportFile } from '../reports/report-file.ts';
import type { ImportOptions } from '../types.ts';
import { largerBatches } from './larger-batches.ts';
import { batchesAhead } from './messages.ts';
import type { FromReader, ReadProgress, ReadRequest } from './messages.ts';

/**
 * The process in which a source is read: other people's bytes meet our readers here and nowhere else, under a ceiling of
 * memory, and where a reader that does not come back can be killed. One source, then it ends.
 */
useCompileCache();
const channel = openParentChannel() ?? fail();
let room = batchesAhead;
let wake: (() => void) | null = null;
const request = await new Promise<ReadRequest>((resolve) => {
  let first = true;
  channel.onMessage((message) => {
    // The host is the only one who starts this file, and sends the request first; after it, that a batch was taken.
    if (first) resolve(message as ReadRequest);
    else {
      room += 1;
      wake?.();
    }
    first = false;
  });
});
// Several columns of a damaged Parquet file fail at once: the first one is the answer, the others are nobody's.
process.on('unhandledRejection', () => {});
// Without a host there is nobody to read for.
channel.onLost(() => process.exit());
const post = (message: FromReader): Promise<void> => channel.send(message);

const beatMs = 1000;
let progress: ReadProgress | null = null;
let work = 0;
const onProgress = (now: ReadProgress): void => {
  progress = now;
  work += 1;
};
const beating = setInterval(() => post({ type: 'beat', work }).catch(() => {}), beatMs);

try {
  await read();
} catch (error) {
  await post({ type: 'failed', error: failureOf(error) });
} finally {
  clearInterval(beating);
  channel.exit();
}

async function read(): Promise<void> {
  if (request.what === 'report') {
    const report = await readReportFile(request.path, () => (work += 1));
    await post({ type: 'report', report });
    return;
  }
  if (request.what === 'preview') {
    const preview = await previewImport(request.path, { ...request.options, onProgress }, request.rows);
    await post({ type: 'preview', preview });
    return;
  }
  if (request.what === 'recognise') {
    await post({ type: 'recognised', found: await recogniseAll(request.paths, request.signs) });
    return;
  }
  if (request.what === 'parts') {
    const parts = await openEvaluationParts(request.path, request.options);
    await post({ type: 'parts', parts: parts.map(({ model, task }) => ({ model, task })) });
    return;
  }
  const stream = await open(request);
  await post({ type: 'opened', metadata: stream.metadata() });
  for await (const entries of largerBatches(stream.batches())) {
    while (room === 0) await new Promise<void>((resolve) => (wake = resolve));
    room -= 1;
    await post({ type: 'batch', entries, metadata: stream.metadata(), progress });
  }
  await post({ type: 'done', metadata: stream.metadata() });
}

async function open(
  request: Extract<ReadRequest, { what: 'dataset' | 'suite' | 'evaluation' }>,
): Promise<ImportStream<DatasetRow> | ImportStream<SampleResult> | ImportStream<SuiteItem>> {
  const options: ImportOptions = { ...request.options, onProgress };
  if (request.what === 'dataset') return openDatasetImport(request.path, options);
  if (request.what === 'suite') return openSuiteImport(request.path, { ...options, kind: request.options.kind });
  if (request.part === undefined) return openEvaluationImport(request.path, options);
  const part = (await openEvaluationParts(request.path, options))[request.part];
  if (part === undefined) throw new WorkbenchError('not-found', `${basename(request.path)} has changed meanwhile.`);
  return part.open();
}

/** Whatever a reader threw at a source, it is the source that cannot be read: said with its name. */
function failureOf(error: unknown): ErrorReport {
  if (error instanceof WorkbenchError) return error.toReport();
  if (process.env.FLIPGUARD_DEBUG) console.error(error);
  const { code } = error as NodeJS.ErrnoException;
  const file = basename(request.path);
  const isSystem = typeof code === 'string' && /^E[A-Z]+$/.test(code);
  return {
    code: isSystem ? 'io' : 'bad-input',
    message: `${file} cannot be read: ${reportOf(error).message}.`,
    remedy: isSystem
      ? 'Check the file and the disk it is on.'
      : 'The file is damaged or of another kind; fetch or write it again.',
    place: { file },
  };
}

function fail(): never {
  throw new Error('imports/reading/child runs as a child process only');
}
