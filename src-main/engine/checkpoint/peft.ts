import * as tf from '@tensorflow/tfjs-core';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { CausalLm, LoraSettings } from '../models/causal-lm.ts';
import { attachAdapter, isAdapterWeight, targetLinears } from '../models/lora.ts';
import { scoreHead } from '../models/parameters.ts';
import type { FolderReader, FolderWriter } from '../ports.ts';
import { readJson } from './model-files.ts';
import { adapterConfigFile, adapterWeightsFile, readPeftSettings, refused } from './peft-config.ts';
import { readTensors } from './read-tensors.ts';
import { readSafetensorsHeader } from './safetensors.ts';
import { writeTensors, type WrittenWeights } from './save-model.ts';

/** Adapters in the layout of Hugging Face PEFT: adapter_config.json and adapter_model.safetensors. */
const configFile = adapterConfigFile;
const weightsFile = adapterWeightsFile;
const prefix = 'base_model.model.';

/** Whether the adapter includes a score head. */
export async function isRewardAdapter(reader: FolderReader): Promise<boolean> {
  const { entries } = await readSafetensorsHeader(reader, weightsFile);
  return entries.some(({ name }) => plainName(name) === scoreHead);
}

/** What PEFT saves whole with the adapter of a sequence classifier, under either of its usual names. */
const classifierHeads = ['classifier', 'score'];

/**
 * Writes the adapter of `model`, and the score head next to it if there is one. `baseModel` is the path or name from which PEFT opens the
 * base.
 */
export async function saveAdapter(model: CausalLm, writer: FolderWriter, baseModel: string): Promise<WrittenWeights> {
  const { adapter, config, parameters } = model;
  if (adapter === null) throw new WorkbenchError('conflict', 'the model has no adapter to save');
  const hasHead = parameters.has(scoreHead);
  const settings = {
    base_model_name_or_path: baseModel,
    bias: 'none',
    fan_in_fan_out: config.architecture.linearLayout === 'in-out',
    inference_mode: true,
    init_lora_weights: true,
    lora_alpha: adapter.alpha,
    lora_dropout: adapter.dropout,
    modules_to_save: hasHead ? classifierHeads : null,
    peft_type: 'LORA',
    r: adapter.rank,
    target_modules: adapter.targets.includes('all-linear') ? 'all-linear' : [...adapter.targets],
    task_type: hasHead ? 'SEQ_CLS' : 'CAUSAL_LM',
    use_rslora: adapter.rankStabilised === true,
  };
  await writer.writeText(configFile, `${JSON.stringify(settings, null, 2)}\n`);
  const weights = [...parameters].filter(([name]) => isAdapterWeight(name) || name === scoreHead);
  const named = new Map(weights.map(([name, variable]) => [prefix + name, variable] as const));
  return writeTensors(writer, weightsFile, named, { format: 'pt' });
}

export interface AdapterConfig extends LoraSettings {
  baseModel: string | null;
}

/** adapter_config.json of an adapter that can be put on a model unmerged; all others go through `mergePeft`. */
export async function readAdapterConfig(reader: FolderReader): Promise<AdapterConfig> {
  const file = `${reader.label}/${configFile}`;
  const settings = readPeftSettings(await readJson(reader, configFile), file);
  const whole = settings.wholeModules.find((name) => !classifierHeads.includes(name));
  const variants: [apart: boolean, field: string, what: string][] = [
    [settings.magnitudes, 'use_dora', 'the LoRA variant use_dora'],
    [settings.biases, 'bias', 'an adapter with biases'],
    [whole !== undefined, 'modules_to_save', `an adapter with the whole module “${whole}”`],
    [settings.rankPattern.size > 0, 'rank_pattern', 'a rank for single layers'],
    [settings.alphaPattern.size > 0, 'alpha_pattern', 'an alpha for single layers'],
  ];
  const found = variants.find(([apart]) => apart);
  if (found !== undefined) throw refused({ file }, found[1], found[2]);
  const { rank, alpha, dropout, targets, rankStabilised, baseModel } = settings;
  return { rank, alpha, dropout, targets, rankStabilised, baseModel };
}

/**
 * Puts the adapter of a PEFT folder on `model`, which the returned model replaces. The adapter of a reward model includes its score head
 * and needs a model that has one (`toRewardModel`).
 */
export async function loadAdapter(model: CausalLm, reader: FolderReader): Promise<CausalLm> {
  const { baseModel: _, ...settings } = await readAdapterConfig(reader);
  const { tensors } = await readTensors(reader, weightsFile);
  try {
    const named = new Map([...tensors].map(([name, tensor]) => [plainName(name), tensor] as const));
    const targets = adaptedLinears(model, settings, named, reader.label);
    const weights = [...named].filter(([name]) => name !== scoreHead);
    const variables = new Map(weights.map(([name, tensor]) => [name, tf.variable(tensor)] as const));
    const head = named.get(scoreHead);
    if (head !== undefined) model.parameters.get(scoreHead)?.assign(head);
    return attachAdapter(model, { ...settings, targets }, variables);
  } finally {
    tf.dispose([...tensors.values()]);
  }
}

/** `base_model.model.X.lora_A.weight`, or with the adapter's name in it (`X.lora_A.default.weight`), as `X.lora_A.weight`. */
function plainName(name: string): string {
  const bare = name.startsWith(prefix) ? name.slice(prefix.length) : name;
  return bare.replace(/\.lora_([AB])\.[^.]+\.weight$/, '.lora_$1.weight');
}

/** Checks names and shapes; the file says which linears are adapted, however the configuration names them. */
function adaptedLinears(
  model: CausalLm,
  settings: LoraSettings,
  named: ReadonlyMap<string, tf.Tensor>,
  label: string,
): string[] {
  const expected = new Map<string, string>();
  const known = targetLinears(model.config, ['all-linear']);
  for (const { name, inputs, outputs } of known) {
    if (!named.has(`${name}.lora_A.weight`) && !named.has(`${name}.lora_B.weight`)) continue;
    expected.set(`${name}.lora_A.weight`, `${settings.rank},${inputs}`);
    expected.set(`${name}.lora_B.weight`, `${outputs},${settings.rank}`);
  }
  if (expected.size > 0 && model.parameters.has(scoreHead)) {
    expected.set(scoreHead, `${model.parameters.get(scoreHead)?.shape.join()}`);
  }
  const wrong =
    [...named].find(([name, tensor]) => expected.get(name) !== tensor.shape.join())?.[0] ??
    [...expected.keys()].find((name) => !named.has(name));
  if (wrong !== undefined || expected.size === 0) {
    throw new WorkbenchError(
      'bad-input',
      `${label}/${weightsFile}: ${wrong ?? 'no adapter weight'} does not fit the model`,
      {
        remedy: 'Choose the model that the adapter was trained on.',
        place: { file: weightsFile, ...(wrong === undefined ? {} : { field: wrong }) },
      },
    );
  }
  return lastParts(
    known.filter(({ name }) => named.has(`${name}.lora_A.weight`)).map(({ name }) => name),
    known.map(({ name }) => name),
  );
}

/** Short names (`q_proj`) if every layer has them, full module names otherwise. */
function lastParts(adapted: readonly string[], all: readonly string[]): string[] {
  const last = (name: string) => name.slice(name.lastIndexOf('.') + 1);
  const complete = (part: string) => all.filter((name) => last(name) === part).every((name) => adapted.includes(name));
  return [...new Set(adapted.map((name) => (complete(last(name)) ? last(name) : name)))];
}
