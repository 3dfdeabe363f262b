import type { OnPolicySpec } from '../../shared/domain/algorithms.ts';
import type { PromptSample } from '../data/tokenise.ts';
import type { CausalLm } from '../models/causal-lm.ts';
import type { NativeOps } from '../ports.ts';
import type { RewardFunction, SampleRollouts } from '../rollouts/rollouts.ts';
import type { DropoutSeed } from './objective.ts';
import type { OnPolicyGuard } from './reward-guard.ts';

/** What every algorithm that trains on samples of its own policy is built from. */
export interface OnPolicyOptions<Spec extends OnPolicySpec> {
  model: CausalLm;
  reference: CausalLm;
  samples: readonly PromptSample[];
  reward: RewardFunction;
  spec: Spec;
  guard: OnPolicyGuard | null;
  ops: NativeOps;
  /** The policy's responses to a step's prompts. */
  sample: SampleRollouts;
  dropoutSeed?: DropoutSeed | undefined;
  checkpointing?: boolean | undefined;
}
