"""Records steps of PPO on given rollouts and scores by TRL's PPOTrainer.step, on the tiny Llama. TRL 0.11.4 was the last with a trainer
that takes rollouts from outside and reads values off the policy's own hidden states.

    python test/golden/training/ppo.py test/assets/models/llama test/assets/training/ppo.json
"""

import pathlib
import random
import sys

import torch
from common import BOS, EOS, VOCAB, fingerprint, tokenizer, write
from transformers import AutoModelForCausalLM
from trl import AutoModelForCausalLMWithValueHead, PPOConfig, PPOTrainer

STEPS, ROLLOUTS = 4, 6
SETTINGS = dict(ppo_epochs=3, cliprange=0.1, cliprange_value=0.15, vf_coef=0.3, gamma=0.97, lam=0.9)
KL = dict(init_kl_coef=0.2, adap_kl_ctrl=True, target=0.5, horizon=50)
LEARNING_RATE = 3e-3


def with_value_head(folder):
    model = AutoModelForCausalLM.from_pretrained(folder, attn_implementation="eager", dtype=torch.float32)
    wrapped = AutoModelForCausalLMWithValueHead(model, summary_dropout_prob=0.0)
    wrapped.is_peft_model = False
    for parameter in wrapped.v_head.parameters():
        parameter.data.zero_()
    return wrapped


def rollouts(rng):
    tokens = lambda low, high: [rng.randrange(3, VOCAB) for _ in range(rng.randint(low, high))]
    return [
        {"prompt": [BOS, *tokens(1, 5)], "response": [*tokens(2, 10), EOS], "score": rng.gauss(0.3, 1.0)}
        for _ in range(ROLLOUTS)
    ]


def in_mask(values, mask):
    return [value[m.bool()].tolist() for value, m in zip(values, mask)]


class Recording(PPOTrainer):
    """Keeps advantages, returns and values as they enter the optimisation."""

    def compute_advantages(self, values, rewards, mask):
        values, advantages, returns = super().compute_advantages(values, rewards, mask)
        kept = {"values": values, "advantages": advantages, "returns": returns, "rewards": rewards}
        self.kept = {name: in_mask(value, mask) for name, value in kept.items()}
        return values, advantages, returns


def main(folder, out):
    model = with_value_head(folder)
    config = PPOConfig(
        **SETTINGS,
        **KL,
        learning_rate=LEARNING_RATE,
        batch_size=ROLLOUTS,
        mini_batch_size=ROLLOUTS,
        ratio_threshold=1e9,
        seed=0,
    )
    trainer = Recording(config, model, with_value_head(folder), tokenizer("<pad>"))
    rng = random.Random(21)
    steps = []
    for _ in range(STEPS):
        batch = rollouts(rng)
        parts = [[torch.tensor(sample[part]) for sample in batch] for part in ["prompt", "response"]]
        weight = float(trainer.kl_ctl.value)
        stats = trainer.step(*parts, [torch.tensor(sample["score"]) for sample in batch])
        steps.append(
            {
                "rollouts": batch,
                "klWeight": weight,
                "kl": float(stats["objective/kl"]),
                "policyLoss": float(stats["ppo/loss/policy"]),
                "valueLoss": float(stats["ppo/loss/value"]),
                "clipFraction": float(stats["ppo/policy/clipfrac"]),
                "approxKl": float(stats["ppo/policy/approxkl"]),
                **trainer.kept,
            }
        )
    weights = {name.removeprefix("pretrained_model."): value for name, value in model.named_parameters()}
    settings = {**SETTINGS, **KL, "learningRate": LEARNING_RATE}
    write(out, {"settings": settings, "steps": steps, "klWeight": float(trainer.kl_ctl.value), "weights": fingerprint(weights.items())})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
