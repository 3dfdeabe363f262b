import { WorkbenchError } from '../../shared/domain/errors.ts';
import { ConfigFields } from '../models/config-fields.ts';

export const adapterConfigFile = 'adapter_config.json';
export const adapterWeightsFile = 'adapter_model.safetensors';

/** The settings of a LoRA adapter in adapter_config.json that affect its numbers. */
export interface PeftSettings {
  rank: number;
  alpha: number;
  dropout: number;
  rankStabilised: boolean;
  /** The direction of every row is adapted separately from its length (DoRA, Liu et al. 2024). */
  magnitudes: boolean;
  /** Alphas per module, by patterns that match the end of a module's name. */
  alphaPattern: ReadonlyMap<string, number>;
  rankPattern: ReadonlyMap<string, number>;
  /** Whether biases were trained too. */
  biases: boolean;
  /** Modules that are saved whole. */
  wholeModules: readonly string[];
  /** Embedding and head stay one weight if the model ties them. */
  keepsTies: boolean;
  targets: readonly string[];
  baseModel: string | null;
  classifies: boolean;
}

/**
 * Settings that are read above, or do not affect what a finished adapter computes: how it was trained, where it came from, parameters of
 * variants that another setting switches on.
 */
const understood = new Set([
  ...[
    'peft_type',
    'peft_version',
    'base_model_name_or_path',
    'revision',
    'task_type',
    'inference_mode',
    'auto_mapping',
  ],
  ...['r', 'lora_alpha', 'lora_dropout', 'use_rslora', 'use_dora', 'rank_pattern', 'alpha_pattern', 'bias'],
  ...[
    'target_modules',
    'exclude_modules',
    'layers_to_transform',
    'layers_pattern',
    'fan_in_fan_out',
    'modules_to_save',
  ],
  ...['init_lora_weights', 'eva_config', 'megatron_core', 'qalora_group_size', 'ensure_weight_tying', 'runtime_config'],
]);

/** Initialisations that leave the base alone. The others (PiSSA, OLoRA, CorDA, LoftQ, LoRA-GA …) move weights from it into the adapter. */
const innocentStarts: readonly unknown[] = [undefined, null, true, false, 'gaussian', 'eva', 'orthogonal'];

/** Reads adapter_config.json into an object of fields, and refuses by name everything that would be computed wrongly. */
export function readPeftSettings(source: unknown, file: string): PeftSettings {
  const fields = new ConfigFields(source, file);
  refuseUnknown(fields);
  const bias = fields.text('bias', 'none');
  if (!['none', 'all', 'lora_only'].includes(bias)) throw refused(fields, 'bias', `a bias setting of “${bias}”`);
  const listed = Array.isArray(fields.source['target_modules']);
  return {
    rank: fields.count('r', 8),
    alpha: fields.number('lora_alpha', 8),
    dropout: fields.number('lora_dropout', 0),
    rankStabilised: fields.flag('use_rslora', false),
    magnitudes: fields.flag('use_dora', false),
    alphaPattern: patternOf(fields, 'alpha_pattern'),
    rankPattern: patternOf(fields, 'rank_pattern'),
    biases: bias !== 'none',
    wholeModules: fields.texts('modules_to_save'),
    keepsTies: fields.flag('ensure_weight_tying', false),
    targets: listed ? fields.texts('target_modules') : ['all-linear'],
    baseModel: fields.has('base_model_name_or_path') ? fields.text('base_model_name_or_path') : null,
    classifies: fields.text('task_type', 'CAUSAL_LM') === 'SEQ_CLS',
  };
}

function patternOf(fields: ConfigFields, name: string): ReadonlyMap<string, number> {
  const patterns = fields.object(name);
  const names = Object.keys(patterns?.source ?? {});
  const foreign = names.find((pattern) => !isPattern(pattern));
  if (foreign !== undefined) throw refused(fields, name, `the pattern “${foreign}”`);
  return new Map(names.map((pattern) => [pattern, patterns!.number(pattern)]));
}

/** PEFT reads them as Python's regular expressions, which have forms that JavaScript does not. */
function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern) instanceof RegExp;
  } catch {
    return false;
  }
}

function refuseUnknown(fields: ConfigFields): void {
  const type = fields.text('peft_type', 'LORA');
  if (type !== 'LORA') throw refused(fields, 'peft_type', `an adapter of type “${type}”`);
  const start = fields.source['init_lora_weights'];
  if (!innocentStarts.includes(start)) {
    throw refused(
      fields,
      'init_lora_weights',
      `an adapter that began as “${String(start)}”, which changes the base model,`,
    );
  }
  const other = Object.keys(fields.source).find((name) => !understood.has(name) && isSet(fields.source[name]));
  if (other !== undefined) throw refused(fields, other, `the adapter setting ${other}`);
}

function isSet(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 0) return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}

/** `what` is a noun; the sentence says that it is not supported. */
export function refused(fields: { file: string }, field: string, what: string): WorkbenchError {
  return new WorkbenchError('unsupported', `${fields.file}: ${what} is not supported`, {
    remedy: 'Merge the adapter into its model with PEFT (merge_and_unload) and import the merged model.',
    place: { file: fields.file, field },
  });
}
