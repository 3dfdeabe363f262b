import { access, readFile } from 'node:fs/promises';
import path from 'node:path';
import { adapterConfigFile, adapterWeightsFile, readPeftSettings } from '../../engine/checkpoint/peft-config.ts';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { Core } from '../core.ts';
import { modelFolder, type Weights } from './weights.ts';

/** A folder of PEFT: an adapter without the model it sits on. */
export async function isAdapterFolder(folder: string): Promise<boolean> {
  return (await exists(path.join(folder, adapterConfigFile))) && !(await exists(path.join(folder, 'config.json')));
}

/** Refuses by name what would be computed wrongly, before any weight is read; → the model that the adapter names, if any. */
export async function readAdapter(folder: string): Promise<string | null> {
  const file = path.join(folder, adapterConfigFile);
  const { baseModel } = readPeftSettings(parsed(await readFile(file, 'utf8'), file), file);
  if (await exists(path.join(folder, adapterWeightsFile))) return baseModel;
  const pickled = await exists(path.join(folder, 'adapter_model.bin'));
  throw new WorkbenchError(
    pickled ? 'unsupported' : 'bad-input',
    pickled
      ? `${folder} holds its adapter as a pickle, which runs code when it is opened.`
      : `${folder} holds no ${adapterWeightsFile}.`,
    { remedy: 'Save the adapter with PEFT’s save_pretrained (safetensors is its default).', place: { file: folder } },
  );
}

function parsed(text: string, file: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new WorkbenchError('bad-input', `${file} is not JSON.`, { place: { file }, cause });
  }
}

async function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/** What an adapter's base is called where somebody else opens it: its name on the Hub, else its folder. */
export async function baseNameOf(core: Core, weights: Weights): Promise<string> {
  const models = await core.store.listModels();
  const baseId = weights.kind === 'model' ? weights.model.baseId : weights.run.modelId;
  const base = models.find(({ id }) => id === baseId);
  if (base === undefined)
    throw new WorkbenchError('not-found', `The base of ${weights.label} is not in the workspace.`);
  return base.source?.repository ?? modelFolder(core.layout.root, base);
}
