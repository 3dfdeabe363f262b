import { WorkbenchError } from '@shared/domain/errors.ts';

/**
 * Hands a dropped file to the workbench and answers the handle by which it is called from then on. The file is streamed:
 * its size is not limited by memory.
 */
export async function uploadFile(file: File): Promise<{ handle: string; name: string }> {
  const response = await fetch(`/upload?name=${encodeURIComponent(file.name)}`, { method: 'POST', body: file });
  if (!response.ok) {
    throw new WorkbenchError('io', `“${file.name}” could not be handed over (status ${response.status}).`, {
      remedy: 'Use “Import” and choose the file there.',
    });
  }
  const { handle } = (await response.json()) as { handle: string };
  return { handle, name: file.name };
}
