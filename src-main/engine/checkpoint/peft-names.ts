import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { ModelConfig } from '../models/causal-lm.ts';
import { blockLinears } from '../models/parameters.ts';
import { adapterWeightsFile, type PeftSettings, refused } from './peft-config.ts';

/**
 * `base_model.model.X…` as `X…`, without the adapter's name and the wrapper names that older versions wrote. PEFT names modules as they are in
 * memory, where transformers 5 calls every head `lm_head`.
 */
export function plainName({ architecture: { names } }: ModelConfig, name: string): string {
  return name
    .replace(/^base_model\.model\./, '')
    .replace(/\.(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector)\.(?!weight$|bias$)[^.]+/, '.$1')
    .replace(/\.lora_magnitude_vector\.weight$/, '.lora_magnitude_vector')
    .replace(/\.modules_to_save\.[^.]+\./, '.')
    .replace('.base_layer.', '.')
    .replace(/^lm_head(?=\.)/, names.head);
}

/** As PEFT matches: the name of the module, or of one that contains it, ends with one of the names, with or without a dot before. */
export function isSavedWhole({ architecture: { names } }: ModelConfig, name: string, wholeModules: readonly string[]) {
  const parts = name.split('.').slice(0, -1);
  const modules = parts.map((_, i) => parts.slice(0, i + 1).join('.'));
  if (modules.includes(names.head)) modules.push('lm_head');
  return modules.some((module) => wholeModules.some((whole) => module.endsWith(whole)));
}

/** As PEFT matches: the first pattern that matches the module's name, or a suffix of it after a dot. */
export function byPattern(patterns: ReadonlyMap<string, number>, module: string, usual: number): number {
  for (const [pattern, value] of patterns) if (new RegExp(`^(.*\\.)?(${pattern})$`).test(module)) return value;
  return usual;
}

/** Every linear that an adapter can sit on, by its module's name. */
export function linearsOf(config: ModelConfig): Map<string, { inputs: number; outputs: number }> {
  const blocks = Array.from({ length: config.layers }, (_, layer) => blockLinears(config, layer)).flat();
  const { head, names } = config.architecture;
  const own =
    head.kind === 'language-model' ? [{ name: names.head, inputs: config.dim, outputs: config.vocabSize }] : [];
  return new Map([...blocks, ...own].map(({ name, ...sizes }) => [name, sizes]));
}

/** `shape`: that of the tensor, where it is in the file. */
export function misfit(
  config: ModelConfig,
  label: string,
  name: string,
  shape: readonly number[] = [],
): WorkbenchError {
  const { embedding, head } = config.architecture.names;
  const isVocabulary = [embedding, head].some((module) => name === `${module}.weight`) && shape[1] === config.dim;
  const what = isVocabulary
    ? `has ${shape[0]} rows, one a token, and the model ${config.vocabSize}`
    : 'does not fit the model and the adapter’s settings';
  return new WorkbenchError('bad-input', `${label}/${adapterWeightsFile}: ${name} ${what}`, {
    remedy: isVocabulary
      ? 'Call resize_token_embeddings on the model, merge the adapter with PEFT (merge_and_unload), and import the merged model.'
      : 'Name the model that the adapter was trained on with --base.',
    place: { file: adapterWeightsFile, field: name },
  });
}

/** Refuses by name the settings that are not supported for an adapter on an embedding. */
export function requirePlainEmbedding({ magnitudes, keepsTies }: PeftSettings, file: string): void {
  if (magnitudes) throw refused({ file }, 'use_dora', 'DoRA on an embedding');
  if (keepsTies)
    throw refused({ file }, 'ensure_weight_tying', 'a low-rank adapter on an embedding that stays tied to its head');
}
