import { WorkbenchError } from '@shared/domain/errors.ts';

interface UploadOptions {
  /** Handle of `files.beginUpload`: the file is there, under `path`. */
  folder?: string;
  path?: string;
  onProgress?: (sentBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Hands a file to the workbench and returns the handle by which it is called from then on. The file is streamed: its size is
 * not limited by memory.
 */
export function uploadFile(file: File, options: UploadOptions = {}): Promise<{ handle: string; name: string }> {
  const { folder, path = file.name, onProgress, signal } = options;
  const query = new URLSearchParams({ name: path, ...(folder === undefined ? {} : { folder }) });
  return new Promise((resolve, reject) => {
    // fetch() does not tell how much of a body has gone.
    const request = new XMLHttpRequest();
    const cancel = (): void => request.abort();
    request.open('POST', `/upload?${query.toString()}`);
    request.upload.addEventListener('progress', ({ loaded }) => onProgress?.(loaded));
    request.addEventListener('load', () => {
      const answer = answerOf(request.responseText);
      if (request.status === 200 && typeof answer.handle === 'string')
        resolve({ handle: answer.handle, name: file.name });
      else reject(failure(file, request.status, answer));
    });
    request.addEventListener('error', () => reject(failure(file, 0, {})));
    request.addEventListener('abort', () => reject(new WorkbenchError('cancelled', 'The upload was cancelled.')));
    request.addEventListener('loadend', () => signal?.removeEventListener('abort', cancel));
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted === true) reject(new WorkbenchError('cancelled', 'The upload was cancelled.'));
    else request.send(file);
  });
}

interface Answer {
  handle?: unknown;
  error?: { message?: unknown; remedy?: unknown };
}

function answerOf(text: string): Answer {
  try {
    return JSON.parse(text) as Answer;
  } catch {
    return {};
  }
}

function failure(file: File, status: number, { error }: Answer): WorkbenchError {
  const { message, remedy } = error ?? {};
  if (typeof message === 'string') {
    return new WorkbenchError('io', message, typeof remedy === 'string' ? { remedy } : {});
  }
  const why = status === 0 ? 'the connection broke, or the file changed meanwhile' : `status ${status}`;
  return new WorkbenchError('io', `“${file.name}” could not be handed over: ${why}.`, {
    remedy: 'Use “Import” and choose the file there, or type its path.',
  });
}
