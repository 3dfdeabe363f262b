import type { TrainerFolder } from '../../imports/trainer-folder/trainer-folder.ts';
import type { TrainingArgs } from '../../imports/trainer-folder/training-args.ts';
import { algorithmSpec } from '../../shared/domain/algorithms.ts';
import type { AlgorithmSpec } from '../../shared/domain/algorithms.ts';
import { elsewhere } from '../../shared/domain/run-origin.ts';

/** What a spec says of an algorithm, by its kind; fields that the trainer does not say are null. */
type Described = { kind: AlgorithmSpec['kind'] } & Record<string, unknown>;

/** Another trainer’s rewards are functions of its own program: they have no name here. */
const reward = { kind: 'reward-model', model: elsewhere } as const;

/** Of a method that no spec has, the name is in the run’s origin, and the spec says the plainest there is. */
export function describedAlgorithm({ method, args }: Pick<TrainerFolder, 'method' | 'args'>): AlgorithmSpec {
  const said = describe(method, args ?? nothingSaid);
  const known = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== null));
  const parsed = algorithmSpec.safeParse(known);
  if (parsed.success) return parsed.data;
  // A loss or a value that no spec has keeps the default; the other settings stay.
  const refused = new Set(parsed.error.issues.map(({ path }) => path[0]));
  return algorithmSpec.parse(Object.fromEntries(Object.entries(known).filter(([key]) => !refused.has(key))));
}

const nothingSaid: Pick<TrainingArgs, 'number' | 'text' | 'flag'> = {
  number: () => null,
  text: () => null,
  flag: () => null,
};

/** Names on the right are those of TRL’s configurations. */
function describe(method: string, { number, text, flag }: Pick<TrainingArgs, 'number' | 'text' | 'flag'>): Described {
  const loss = text('loss_type')?.replaceAll('_', '-') ?? null;
  const [beta, labelSmoothing, temperature] = [number('beta'), number('label_smoothing'), number('temperature')];
  const grouped = {
    reward,
    temperature,
    samplesPerPrompt: number('num_generations'),
    maxNewTokens: number('max_completion_length'),
    epochs: number('num_iterations'),
    clipRange: number('epsilon'),
    klWeight: beta,
  };
  switch (method) {
    case 'DPO':
      return { kind: 'dpo', loss, beta, labelSmoothing };
    case 'KTO':
      return {
        kind: 'kto',
        loss: loss === 'apo-zero-unpaired' ? 'apo-zero' : loss,
        beta,
        desirableWeight: number('desirable_weight'),
        undesirableWeight: number('undesirable_weight'),
      };
    case 'ORPO':
      return { kind: 'orpo', beta };
    case 'CPO':
      // CPO’s other losses are no algorithm of a spec.
      if (loss !== 'simpo') return { kind: 'sft' };
      return { kind: 'simpo', beta, gamma: number('simpo_gamma'), labelSmoothing, nllWeight: number('cpo_alpha') };
    case 'SimPO':
      return { kind: 'simpo', beta, gamma: number('simpo_gamma') };
    case 'PPO':
      return { kind: 'ppo', reward };
    case 'OnlineDPO':
      return { kind: 'online-dpo', reward, loss, beta, temperature, maxNewTokens: number('max_new_tokens') };
    case 'RLOO':
      return { kind: 'rloo', ...grouped, normalizeAdvantages: flag('normalize_advantages') };
    case 'GRPO':
      return { kind: 'grpo', ...grouped, loss, scale: scaleOf(text('scale_rewards'), flag('scale_rewards')) };
    case 'Reward':
      return { kind: 'reward', centerWeight: number('center_rewards_coefficient') };
    default:
      return { kind: 'sft' };
  }
}

/** Earlier versions of TRL say true or false. */
function scaleOf(name: string | null, scaled: boolean | null): string | null {
  if (scaled === null) return name;
  return scaled ? 'group' : 'none';
}
