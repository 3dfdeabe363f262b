import { open } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'yaml';

/** What axolotl and LLaMA-Factory say of a training in files of their own, next to what the trainer of transformers writes. */
export interface ToldByTool {
  readonly tool: 'axolotl' | 'llama-factory' | null;
  /** As people name it; null where the files do not say. */
  readonly method: string | null;
  /** What the training began with. */
  readonly base: string | null;
}

/** Longer ones are read as far as this: what is looked for is at the head. */
const maxBytes = 2 ** 20;

/**
 * From the model card (`README.md`) that both write, with axolotl’s configuration inside, and from the `training_args.yaml` that
 * LLaMA-Factory’s board writes. Nothing of it is needed.
 */
export async function readToldByTool(folder: string): Promise<ToldByTool> {
  const card = await readHead(path.join(folder, 'README.md'));
  const board = fieldsOf(await readHead(path.join(folder, 'training_args.yaml')));
  const front = fieldsOf(/^---\r?\n([\s\S]*?)\r?\n---/.exec(card)?.[1] ?? '');
  const config = axolotlConfig(card);
  const tags = Array.isArray(front.tags) ? front.tags : [];
  const isBoards = typeof board.stage === 'string' && Object.hasOwn(stages, board.stage);
  const isAxolotls = tags.includes('axolotl') || config !== null;
  const isFactorys = tags.includes('llama-factory') || isBoards;
  return {
    tool: isAxolotls ? 'axolotl' : isFactorys ? 'llama-factory' : null,
    method: isBoards ? stageMethod(board) : config === null ? null : axolotlMethod(config),
    base: textOf(board.model_name_or_path) ?? textOf(config?.base_model) ?? textOf(front.base_model),
  };
}

type Fields = Readonly<Record<string, unknown>>;

const stages: Readonly<Record<string, string>> = {
  pt: 'Pre-training',
  sft: 'SFT',
  rm: 'Reward',
  ppo: 'PPO',
  dpo: 'DPO',
  kto: 'KTO',
};

/** LLaMA-Factory trains ORPO and SimPO in its stage for DPO, by the loss. */
function stageMethod({ stage, pref_loss: loss }: Fields): string | null {
  if (stage === 'dpo' && loss === 'orpo') return 'ORPO';
  if (stage === 'dpo' && loss === 'simpo') return 'SimPO';
  return typeof stage === 'string' ? (stages[stage] ?? null) : null;
}

/** axolotl’s `rl:`; without one it trains on completions. */
function axolotlMethod({ rl, reward_model: isReward, pretraining_dataset: texts }: Fields): string {
  const named: Readonly<Record<string, string>> = { simpo: 'SimPO' };
  if (typeof rl === 'string') return named[rl] ?? rl.toUpperCase();
  if (isReward === true) return 'Reward';
  return texts === undefined || texts === null ? 'SFT' : 'Pre-training';
}

/** “See axolotl config” of the card holds it whole. */
function axolotlConfig(card: string): Fields | null {
  const [, yaml] = /<summary>See axolotl config<\/summary>[\s\S]*?```yaml\r?\n([\s\S]*?)\r?\n```/.exec(card) ?? [];
  return yaml === undefined ? null : fieldsOf(yaml);
}

function fieldsOf(yaml: string): Fields {
  try {
    // Nothing here is nested by names that refer to each other.
    const value: unknown = parse(yaml, { maxAliasCount: 0, logLevel: 'silent' });
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
  } catch {
    return {};
  }
}

function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

async function readHead(file: string): Promise<string> {
  const handle = await open(file, 'r').catch(() => null);
  if (handle === null) return '';
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(maxBytes), 0, maxBytes, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } catch {
    return '';
  } finally {
    await handle.close();
  }
}
