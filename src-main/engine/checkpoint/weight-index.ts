import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { FolderReader } from '../ports.ts';
import { readSafetensorsHeader, type TensorEntry } from './safetensors.ts';

const single = 'model.safetensors';
const index = 'model.safetensors.index.json';

/** Every tensor of a Hugging Face folder, from one file or from the shards its index names. */
export async function readWeightIndex(reader: FolderReader): Promise<Map<string, TensorEntry>> {
  const files = await reader.list();
  if (files.includes(single)) return byName(reader, [single]);
  if (files.includes(index)) return byName(reader, await shardsOf(reader, files));
  const others = files.filter((file) => /\.(bin|pt|pth|gguf|h5|msgpack)$/.test(file));
  throw new WorkbenchError('unsupported', `${reader.label} holds no ${single} and no ${index}`, {
    remedy:
      others.length > 0
        ? `${others[0]} is of another format: save the model again with safe_serialization=True.`
        : 'Choose the folder that save_pretrained wrote.',
    place: { file: single },
  });
}

async function byName(reader: FolderReader, files: readonly string[]): Promise<Map<string, TensorEntry>> {
  const entries = new Map<string, TensorEntry>();
  for (const file of files) {
    for (const entry of (await readSafetensorsHeader(reader, file)).entries) entries.set(entry.name, entry);
  }
  return entries;
}

async function shardsOf(reader: FolderReader, files: readonly string[]): Promise<string[]> {
  const map = weightMapOf(await reader.readText(index));
  if (map === null) {
    throw new WorkbenchError('corrupt', `${reader.label}/${index} has no weight_map`, {
      place: { file: index, field: 'weight_map' },
    });
  }
  const shards = [...new Set(Object.values(map))];
  // Only names in the folder itself are opened, so an index cannot point outside it.
  const missing = shards.find((shard) => typeof shard !== 'string' || !files.includes(shard));
  if (missing !== undefined) {
    throw new WorkbenchError(
      'not-found',
      `${reader.label}: the shard ${JSON.stringify(missing)} named by ${index} is not there`,
      {
        remedy: 'Finish downloading the model.',
        place: { file: index, field: 'weight_map' },
      },
    );
  }
  return shards as string[];
}

function weightMapOf(text: string): Record<string, unknown> | null {
  try {
    const map = (JSON.parse(text) as { weight_map?: unknown } | null)?.weight_map;
    return typeof map === 'object' && map !== null ? (map as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
