import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { readRecognised } from '../../imports/index.ts';
import { reportDataId } from '../../shared/domain/reports/report-model.ts';
import type { FoundThing } from '../../shared/contract/views.ts';
import { snapshotPlace } from '../hub/cached-models.ts';
import type { Files } from '../workspace/files.ts';
import { batchName } from '../workspace/made-files.ts';
import { markerName } from '../workspace/own-folder.ts';
import { packedDatabase } from '../workspace/workspace-file.ts';

/** What is behind handles, each thing with a handle of its own. Other people's files are looked at in a process of their own. */
export async function recogniseHandles(files: Files, handles: readonly string[]): Promise<FoundThing[]> {
  const paths: string[] = [];
  for (const handle of handles) paths.push(...(await handedOver(files, files.pathOf(handle))));
  const signs = { workspaceMarker: markerName, packedDatabase, reportDataId };
  const found = await readRecognised(paths, signs);
  return found.map(({ path: file, label, ...thing }) => ({
    handle: files.offer(file),
    label: snapshotPlace(file)?.repository ?? label,
    ...thing,
  }));
}

/** Files that were uploaded together were chosen one by one; their folder is ours. */
async function handedOver(files: Files, file: string): Promise<string[]> {
  if (!files.isUpload(file) || path.basename(file) !== batchName) return [file];
  const names = await readdir(file);
  return names.sort().map((name) => path.join(file, name));
}
