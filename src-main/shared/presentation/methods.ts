import { type DpoSpec, lossesOf } from '../domain/algorithms.ts';
import { assertNever } from '../domain/errors.ts';
import { trainerName } from '../domain/run-origin.ts';
import type { RunOrigin } from '../domain/run-origin.ts';
import type { RunSpec } from '../domain/run-spec.ts';
import { sentenceCase } from './words.ts';

type Method = Pick<RunSpec, 'algorithm' | 'guard'>;

/** A run's method as tables, legends and filters name it: the algorithm with what is added to it. */
export function methodOf(spec: Method): string {
  return [algorithmName(spec), ...additions(spec)].join(' + ');
}

const inLowerCase: ReadonlySet<string> = new Set([
  'interpolation',
  'merging',
  'no training',
  'before training',
  'online DPO',
  'reward model',
]);

/** A method as a legend or a cell has it. Names that people gave stay as they are. */
export function methodLabel(method: string): string {
  return inLowerCase.has(method) ? sentenceCase(method) : method;
}

/** The method of a run, which may be one of another trainer that no spec has. */
export function methodOfRun(run: { spec: Method; origin?: RunOrigin | null }): string {
  return run.origin === undefined || run.origin === null || run.origin.tool === 'flipguard'
    ? methodOf(run.spec)
    : run.origin.method;
}

/** As `methodDetail`, of a run that may be another trainer’s; as a cell or a line begins with it. */
export function methodDetailOfRun(run: { spec: RunSpec; origin?: RunOrigin | null }): string {
  const { spec, origin } = run;
  if (origin === undefined || origin === null || origin.tool === 'flipguard') return sentenceCase(methodDetail(spec));
  return `${origin.method}${spec.tuning.kind === 'lora' ? ', LoRA' : ''} by ${trainerName(origin)}`;
}

/** The method with its weights, for one run alone: “DPO + FlipGuard ×1, LoRA 8”. */
export function methodDetail(spec: Method & Pick<RunSpec, 'tuning'>): string {
  const { algorithm, guard, tuning } = spec;
  const parts = additions(spec).map((name) => {
    if (name === 'DPOP' && algorithm.kind === 'dpo') return `${name} ×${algorithm.dpop}`;
    if (name === 'NLL' && algorithm.kind === 'dpo') return `${name} ×${algorithm.nllWeight}`;
    const isWeighed = guard.kind !== 'none' && (guard.combine ?? 'add') === 'add';
    return isWeighed ? `${name} ×${guard.weight}` : name;
  });
  const text = [algorithmName(spec), ...parts].join(' + ');
  return tuning.kind === 'lora' ? `${text}, LoRA ${tuning.rank}` : text;
}

/** The algorithm alone, without what is added to it. */
export function algorithmName({ algorithm }: Pick<RunSpec, 'algorithm'>): string {
  switch (algorithm.kind) {
    case 'dpo':
      return dpoName(algorithm);
    case 'kto':
      return algorithm.loss === 'kto' ? 'KTO' : 'KTO (apo-zero)';
    case 'orpo':
      return 'ORPO';
    case 'simpo':
      return 'SimPO';
    case 'online-dpo':
      return 'online DPO';
    case 'rloo':
      return 'RLOO';
    case 'grpo':
      return algorithm.loss === 'dapo' ? 'GRPO' : `GRPO (${algorithm.loss})`;
    case 'sft':
      return 'SFT';
    case 'reward':
      return 'reward model';
    case 'ppo':
      return 'PPO';
    default:
      return assertNever(algorithm);
  }
}

function dpoName(algorithm: DpoSpec): string {
  const { loss, labelSmoothing } = algorithm;
  if (loss === 'sigmoid') return labelSmoothing > 0 ? 'cDPO' : 'DPO';
  if (loss === 'ipo') return 'IPO';
  const names = lossesOf(algorithm).map(({ kind, weight }) => (weight === 1 ? kind : `${weight} ${kind}`));
  return `DPO (${names.join(' + ')})`;
}

function additions({ algorithm, guard }: Method): string[] {
  const added: string[] = [];
  if (algorithm.kind === 'dpo' && algorithm.dpop > 0) added.push('DPOP');
  if (algorithm.kind === 'dpo' && algorithm.nllWeight > 0) added.push('NLL');
  const meeting = meetings[guard.combine ?? 'add'];
  const by = meeting === null ? '' : ` (${meeting})`;
  if (guard.kind === 'flipguard') added.push(`${guard.target === 'guard-set' ? 'guard set' : 'FlipGuard'}${by}`);
  if (guard.kind === 'ungated') added.push(`ungated anchor${by}`);
  if (guard.kind === 'random') added.push(`random gate${by}`);
  if (guard.kind === 'flip-hinge') added.push(hingeName(guard));
  return added;
}

/** What a guard whose gradient is not added is called by. */
const meetings = { add: null, project: 'A-GEM', agree: 'sign agreement' } as const;

function hingeName({ tokens, combine = 'add' }: RunSpec['guard']): string {
  const name = meetings[combine];
  if (tokens === 'all') return `${name ?? 'hinge'} on all tokens`;
  return tokens === 'random' ? `${name ?? 'hinge'} on random tokens` : (name ?? 'flip hinge');
}
