import * as tf from '@tensorflow/tfjs-core';
import type { Tensor, Tensor1D } from '@tensorflow/tfjs-core';
import { type DpoLossName, type DpoSpec, lossesOf } from '../../shared/domain/algorithms.ts';
import { assertNever } from '../../shared/domain/errors.ts';

/** Log-probs of a batch of pairs in nats, summed over completion tokens. All [pairs]; reference values carry no gradient. */
export interface PairLogProbs {
  chosen: Tensor1D;
  rejected: Tensor1D;
  refChosen: Tensor1D;
  refRejected: Tensor1D;
  /** Completion tokens of each response, for the losses that average. */
  chosenTokens: Tensor1D;
  rejectedTokens: Tensor1D;
}

type DpoLossSpec = Pick<DpoSpec, 'loss' | 'beta' | 'labelSmoothing' | 'dpop' | 'nllWeight'>;

/**
 * Preference loss per pair → [pairs].
 * With Δw = lp(π,w) − lp(ref,w) and Δl likewise:
 *   sigmoid  −(1−ε) log σ(βh) − ε log σ(−βh)     Rafailov et al. 2023 eq. 7; ε > 0: conservative DPO, Mitchell 2023
 *   hinge    max(0, 1 − βh)                      SLiC, Zhao et al. 2023
 *   ipo      (Δw/|w| − Δl/|l| − 1/(2β))²         Azar et al. 2023 eq. 17, averaged over tokens as TRL does
 *   sigmoid-norm  −log σ(β(Δw/|w| − Δl/|l|))     length-normalised DPO, Lambert et al. 2024 (Tülu 3) §5.1
 *   apo-zero  1 − σ(βΔw) + σ(βΔl)                D'Oosterlinck et al. 2024 eq. 7; takes no DPOP penalty
 *   robust   (−(1−ε) log σ(βh) + ε log σ(−βh)) / (1 − 2ε)   Chowdhury et al. 2024 eq. 12
 * where h = Δw − Δl − dpop·max(0, −Δw)           DPOP, Pal et al. 2024 eq. 3
 * and nllWeight adds −lp(π,w)/|w|                RPO, Pang et al. 2024 eq. 1
 * Several losses add up with their weights. `rounding`: the share of a log-prob that is subtracted from a fall for DPOP, so that a policy
 * that still equals the reference pays nothing for its last digit.
 */
export function dpoLoss(pairs: PairLogProbs, spec: DpoLossSpec, rounding = 0): Tensor1D {
  const preference = preferenceLoss(pairs, spec, rounding);
  if (spec.nllWeight === 0) return preference;
  const nll: Tensor1D = tf.neg(tf.div(pairs.chosen, pairs.chosenTokens));
  return tf.add(preference, tf.mul(nll, spec.nllWeight));
}

function preferenceLoss(pairs: PairLogProbs, spec: DpoLossSpec, rounding: number): Tensor1D {
  const parts = lossesOf(spec).map(({ kind, weight }) => {
    const loss = namedLoss(kind, pairs, spec, rounding);
    return weight === 1 ? loss : (tf.mul(loss, weight) as Tensor1D);
  });
  return parts.reduce((sum, part) => tf.add(sum, part));
}

function namedLoss(name: DpoLossName, pairs: PairLogProbs, spec: DpoLossSpec, rounding: number): Tensor1D {
  const chosenRatio: Tensor1D = tf.sub(pairs.chosen, pairs.refChosen);
  const rejectedRatio: Tensor1D = tf.sub(pairs.rejected, pairs.refRejected);
  const scaled = (x: Tensor1D): Tensor1D => tf.mul(x, spec.beta);
  const kept = (): Tensor => tf.mul(tf.abs(pairs.refChosen), rounding);
  const penalised = (chosen: Tensor1D, rejected: Tensor1D, unfallen: () => Tensor): Tensor1D => {
    const difference: Tensor1D = tf.sub(chosen, rejected);
    if (spec.dpop === 0) return difference;
    return tf.sub(difference, tf.mul(tf.relu(tf.sub(tf.neg(chosen), unfallen())), spec.dpop));
  };
  const summed = (): Tensor1D => penalised(chosenRatio, rejectedRatio, kept);
  const perToken = (): Tensor1D => {
    const { chosenTokens, rejectedTokens } = pairs;
    return penalised(tf.div(chosenRatio, chosenTokens), tf.div(rejectedRatio, rejectedTokens), () =>
      tf.div(kept(), chosenTokens),
    );
  };
  switch (name) {
    case 'sigmoid':
      return sigmoidLoss(scaled(summed()), spec.labelSmoothing);
    case 'hinge':
      return tf.relu(tf.sub(1, scaled(summed())));
    case 'ipo':
      return tf.square(tf.sub(perToken(), 1 / (2 * spec.beta)));
    case 'sigmoid-norm':
      return sigmoidLoss(scaled(perToken()), 0);
    case 'apo-zero':
      return tf.add(tf.sigmoid(tf.neg(scaled(chosenRatio))), tf.sigmoid(scaled(rejectedRatio)));
    case 'robust': {
      const smoothing = spec.labelSmoothing;
      const logits = scaled(summed());
      const kept: Tensor1D = tf.mul(tf.softplus(tf.neg(logits)), 1 - smoothing);
      return tf.div(tf.sub(kept, tf.mul(tf.softplus(logits), smoothing)), 1 - 2 * smoothing);
    }
    default:
      return assertNever(name);
  }
}

/** softplus(−z) = −log σ(z), the form that neither overflows nor loses digits. */
function sigmoidLoss(logits: Tensor1D, smoothing: number): Tensor1D {
  const kept: Tensor1D = tf.softplus(tf.neg(logits));
  if (smoothing === 0) return kept;
  return tf.add(tf.mul(kept, 1 - smoothing), tf.mul(tf.softplus(logits), smoothing));
}
