import type { OfferedModel } from '../../shared/contract/views.ts';
import type { Services } from '../services.ts';
import { modelFolder } from './weights.ts';

/** What the Hub's cache holds, for a person to choose by name, each with a handle for the import. */
export async function offeredModels({
  core,
  files,
  hub,
}: Pick<Services, 'core' | 'files' | 'hub'>): Promise<OfferedModel[]> {
  const [cached, known] = await Promise.all([hub.cached(), core.store.listModels()]);
  const names = new Map(known.map((model) => [modelFolder(core.layout.root, model), model.name]));
  return cached.map(({ folder, kind, repository, commit, revisions, sizeBytes }) => ({
    ...{ handle: files.offer(folder), kind, repository, commit, revisions, sizeBytes },
    knownAs: names.get(folder) ?? null,
  }));
}
