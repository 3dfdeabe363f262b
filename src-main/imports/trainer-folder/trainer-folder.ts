import { readFile, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { WorkbenchError } from '../../shared/domain/errors.ts';
import type { TrainerTool } from '../../shared/domain/run-origin.ts';
import { findCheckpoints, stepOf } from './checkpoints.ts';
import type { FoundCheckpoint, Unusable } from './checkpoints.ts';
import { findCompletions } from './completions.ts';
import type { CompletionsFile } from './completions.ts';
import { readResults } from './results.ts';
import { readToldByTool } from './told-by-tool.ts';
import { liveLogFile, readLiveLog, readTrainerState, stateFile } from './trainer-state.ts';
import type { LogEntry, TrainerState } from './trainer-state.ts';
import { readTrainingArgs } from './training-args.ts';
import type { TrainingArgs } from './training-args.ts';

/** What an output folder of another trainer holds at this moment. */
export interface TrainerFolder {
  readonly folder: string;
  readonly tool: TrainerTool;
  /** Of transformers, where a configuration says it. */
  readonly version: string | null;
  /** The method as people name it: DPO, GRPO, SFT … */
  readonly method: string;
  /** What the trainer calls the model that it began with. */
  readonly base: string | null;
  readonly args: TrainingArgs | null;
  /** The newest step that anything in the folder speaks of. */
  readonly step: number;
  readonly maxSteps: number | null;
  /** Lines of its log, in its order. */
  readonly entries: readonly LogEntry[];
  readonly checkpoints: readonly FoundCheckpoint[];
  readonly unusable: readonly Unusable[];
  readonly completions: readonly CompletionsFile[];
  /** When its first and its newest part were written, ms since epoch. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Files of a run of this program: its spec, its events. */
export const ownSpecFile = 'spec.json';
export const ownEventsFile = 'events.ndjson';
/** Where the callback for Python writes, below the output folder. */
export const callbackFolder = 'flipguard';

/**
 * Looks through an output folder. Nothing in it is changed; what is half written is said and left for later.
 * @throws WorkbenchError `bad-input` where the folder is a checkpoint itself, or none of a trainer.
 */
export async function surveyTrainerFolder(folder: string): Promise<TrainerFolder> {
  await requireFolder(folder);
  const { checkpoints, unusable } = await findCheckpoints(folder);
  const { newest, final } = await newestState(folder, checkpoints);
  const entries = [...(newest?.entries ?? [])];
  const results = final === null || newest === null ? null : await readResults(folder, newest, final.writtenAt);
  if (results !== null) entries.push(results);
  const lastLogged = Math.max(-1, ...entries.map(({ step }) => step));
  const live = (await readLiveLog(folder)).filter(({ step }) => step > lastLogged);
  entries.push(...live);
  const completions = await findCompletions(folder);
  const args = await findArgs(folder, checkpoints);
  const last = checkpoints.at(-1) ?? null;
  const config = last === null ? null : await readJson(path.join(last.folder, 'config.json'));
  const adapter = last === null ? null : await readJson(path.join(last.folder, 'adapter_config.json'));
  const told = await readToldByTool(folder);
  const hasValueHead = await holdsValueHead(last?.folder);
  const tool = told.tool ?? (await toolOf(folder, args, newest !== null));
  const steps = [newest?.step ?? 0, last?.step ?? 0, ...live.map(({ step }) => step), completions.at(-1)?.step ?? 0];
  return {
    folder,
    tool,
    version: textIn(config, 'transformers_version'),
    method:
      namedMethod(args) ??
      told.method ??
      loggedMethod(entries, { online: completions.length > 0, hasValueHead, tool, args }),
    base: textIn(adapter, 'base_model_name_or_path') ?? textIn(config, '_name_or_path') ?? told.base,
    args,
    step: Math.max(...steps),
    maxSteps: newest?.maxSteps ?? null,
    entries,
    checkpoints,
    unusable,
    completions,
    ...(await spanOf(folder, checkpoints, newest?.writtenAt)),
  };
}

/** Whether there is anything yet that makes the folder a trainer’s. */
export function holdsAnything({ checkpoints, entries, completions, unusable }: TrainerFolder): boolean {
  return checkpoints.length + entries.length + completions.length + unusable.length > 0;
}

async function requireFolder(folder: string): Promise<void> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    const isFile = error.code === 'ENOTDIR';
    throw new WorkbenchError('not-found', isFile ? `${folder} is a file.` : `There is no folder ${folder}.`, {
      remedy: 'Give the output folder of the training: the one that holds checkpoint-… folders.',
      place: { file: folder },
    });
  });
  const isCheckpoint = names.includes(stateFile) && !names.some((name) => stepOf(name) !== null);
  if (!isCheckpoint || stepOf(path.basename(folder)) === null || !/^checkpoint-/.test(path.basename(folder))) return;
  throw new WorkbenchError('bad-input', `${folder} is one checkpoint of a training.`, {
    remedy: `Give the folder above it: ${path.dirname(folder)}.`,
    place: { file: folder },
  });
}

/**
 * The newest state: of the output folder, or of the newest checkpoint that has a whole one. Each holds the whole log up to its step, so
 * the older ones are not read: a long training has many, and is looked at every few seconds. `final`: that of the output folder itself,
 * which is written at the end, where no checkpoint is beyond it.
 */
async function newestState(
  folder: string,
  checkpoints: readonly FoundCheckpoint[],
): Promise<{ newest: TrainerState | null; final: TrainerState | null }> {
  const states: TrainerState[] = [];
  const found = await readTrainerState(folder);
  const own = found === 'half' ? null : found;
  if (own !== null) states.push(own);
  for (const checkpoint of checkpoints.toReversed()) {
    if (checkpoint.folder === folder) continue;
    const state = await readTrainerState(checkpoint.folder);
    if (state === null || state === 'half') continue;
    states.unshift(state);
    break;
  }
  const newest = states.sort(inOrder).at(-1) ?? null;
  return { newest, final: own !== null && own.step === newest?.step ? own : null };
}

function inOrder(a: TrainerState, b: TrainerState): number {
  return a.step - b.step || a.writtenAt - b.writtenAt || a.entries.length - b.entries.length;
}

async function findArgs(folder: string, checkpoints: readonly FoundCheckpoint[]): Promise<TrainingArgs | null> {
  for (const place of [folder, ...checkpoints.toReversed().map((one) => one.folder)]) {
    const args = await readTrainingArgs(path.join(place, 'training_args.bin'));
    if (args !== null) return args;
  }
  return null;
}

async function toolOf(folder: string, args: TrainingArgs | null, hasState: boolean): Promise<TrainerTool> {
  const names = await readdir(folder);
  const package_ = args?.module.split('.')[0];
  if (package_ === 'axolotl' || names.some((name) => /^axolotl_config\.ya?ml$/.test(name))) return 'axolotl';
  if (package_ === 'llamafactory' || package_ === 'llmtuner' || names.includes(liveLogFile)) return 'llama-factory';
  if (package_ === 'trl') return 'trl';
  return hasState || args !== null ? 'transformers' : 'checkpoints';
}

/** From the class of the settings, where that says it: `DPOConfig`, axolotl’s `AxolotlAsyncGRPOConfig`. */
function namedMethod(args: TrainingArgs | null): string | null {
  const [, named = ''] =
    /^(?:Axolotl)?(?:Async|Strided)?([A-Z][A-Za-z]*?)?(?:Config|(?:Seq2Seq)?TrainingArguments)$/.exec(
      args?.name ?? '',
    ) ?? [];
  return named === '' || named === 'Training' ? null : named;
}

/** From what only that method logs, or saves. */
function loggedMethod(
  entries: readonly LogEntry[],
  {
    online,
    hasValueHead,
    tool,
    args,
  }: { online: boolean; hasValueHead: boolean; tool: TrainerTool; args: TrainingArgs | null },
): string {
  const logged = new Set(entries.flatMap(({ numbers }) => Object.keys(numbers)));
  if (logged.has('odds_ratio_loss') || logged.has('log_odds_ratio')) return 'ORPO';
  // LLaMA-Factory’s and TRL’s KTO log their KL estimate, and DPO has none.
  if (logged.has('rewards/margins') && logged.has('logps/chosen')) return logged.has('kl') ? 'KTO' : 'DPO';
  if (logged.has('reward_std') || online) return 'GRPO';
  if (hasValueHead) return logged.has('reward') ? 'PPO' : 'Reward';
  if (tool === 'llama-factory') return factoryMethod(logged, args);
  // axolotl’s plain settings are those of training on completions.
  return logged.has('mean_token_accuracy') || tool === 'axolotl' ? 'SFT' : 'training';
}

/**
 * LLaMA-Factory says its stage only where its board started it. Without that, its supervised stage sets the longest answer that an
 * evaluation may write, and measures answers by BLEU, ROUGE or accuracy; its pre-training stage measures perplexity. Else nothing tells them
 * apart, and it is “training”.
 */
function factoryMethod(logged: ReadonlySet<string>, args: TrainingArgs | null): string {
  if (logged.has('perplexity') || logged.has('eval_perplexity')) return 'Pre-training';
  const measured = [...logged].some((name) => /^(?:eval|predict)_(?:bleu|rouge|accuracy)/.test(name));
  return measured || (args?.number('generation_max_length') ?? null) !== null ? 'SFT' : 'training';
}

/** The value head that LLaMA-Factory keeps next to the weights of a reward model, and of PPO. */
async function holdsValueHead(folder: string | undefined): Promise<boolean> {
  if (folder === undefined) return false;
  const names = await readdir(folder).catch((): string[] => []);
  return names.some((name) => /^value_head\.(?:safetensors|bin)$/.test(name));
}

async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  }
}

function textIn(value: unknown, field: string): string | null {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, field)) return null;
  const text = (value as Readonly<Record<string, unknown>>)[field];
  return typeof text === 'string' && text !== '' ? text : null;
}

async function spanOf(folder: string, checkpoints: readonly FoundCheckpoint[], stateAt = 0) {
  const found = await stat(folder);
  const times = [...checkpoints.map(({ writtenAt }) => writtenAt), stateAt].filter((at) => at > 0);
  const born = found.birthtimeMs > 0 ? found.birthtimeMs : found.mtimeMs;
  return { firstAt: Math.round(Math.min(born, ...times)), lastAt: Math.round(Math.max(...times, 0) || found.mtimeMs) };
}
