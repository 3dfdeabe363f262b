import type { ModelConfig } from '../models/causal-lm.ts';
import { readModelConfig } from '../models/families.ts';
import { expectedShapes, scoreHead } from '../models/parameters.ts';
import type { FolderReader } from '../ports.ts';
import { readJson } from './model-files.ts';
import { adapterConfigFile, adapterWeightsFile, type PeftSettings, readPeftSettings } from './peft-config.ts';
import { byPattern, isSavedWhole, linearsOf, misfit, plainName, requirePlainEmbedding } from './peft-names.ts';
import { readSafetensorsHeader } from './safetensors.ts';

/** Whether a PEFT adapter fits a model, judged by its settings and the header of its weights alone. Throws what merging it would. */
export async function checkAdapter(config: ModelConfig, reader: FolderReader): Promise<void> {
  const settings = readPeftSettings(await readJson(reader, adapterConfigFile), `${reader.label}/${adapterConfigFile}`);
  const { entries } = await readSafetensorsHeader(reader, adapterWeightsFile);
  if (entries.some(({ name }) => name.includes('.lora_embedding_')))
    requirePlainEmbedding(settings, `${reader.label}/${adapterConfigFile}`);
  const fits = fitting(config, settings);
  for (const entry of entries) {
    const name = plainName(config, entry.name);
    if (!fits(name, entry.shape)) throw misfit(config, reader.label, name, entry.shape);
  }
}

type Fits = (name: string, shape: readonly number[]) => boolean;

function fitting(config: ModelConfig, settings: PeftSettings): Fits {
  const linears = linearsOf(config);
  const { names, head } = config.architecture;
  const untied =
    config.tiedHead && head.kind === 'language-model'
      ? readModelConfig({ ...config.source, tie_word_embeddings: false })
      : config;
  const weights = expectedShapes(untied);
  const same = (shape: readonly number[], ...wanted: (number | undefined)[]) => shape.join() === wanted.join();
  return (name, shape) => {
    const [, module = '', part = ''] =
      /^(.+)\.(lora_[AB]\.weight|lora_magnitude_vector|lora_embedding_[AB])$/.exec(name) ?? [];
    const rank = byPattern(settings.rankPattern, module, settings.rank);
    const linear = linears.get(module);
    const [rows, width] = [names.embedding, names.positionEmbedding].includes(module)
      ? (weights.get(`${module}.weight`) ?? [])
      : [];
    switch (part) {
      case 'lora_A.weight':
        return linear !== undefined && same(shape, rank, linear.inputs);
      case 'lora_B.weight':
        return linear !== undefined && same(shape, linear.outputs, rank);
      case 'lora_magnitude_vector':
        return linear !== undefined && shape.reduce((a, b) => a * b, 1) === linear.outputs;
      case 'lora_embedding_A':
        return rows !== undefined && same(shape, rank, rows);
      case 'lora_embedding_B':
        return width !== undefined && same(shape, width, rank);
      default:
        break;
    }
    // A reward model's head, which the base does not have; anything else saved whole is a weight of the base.
    if (name === scoreHead || isSavedWhole(config, name, ['classifier'])) return true;
    return weights.get(name)?.join() === shape.join();
  };
}
