"""Records steps of RLOO, GRPO and online DPO on given responses and scores by TRL's trainers, on the tiny Llama.

    python test/golden/training/groups.py test/assets/models/llama test/assets/training/groups.json
"""

import pathlib
import random
import sys

import torch
from common import BOS, EOS, VOCAB, as_text, fingerprint, tokenizer, usual, write
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import GRPOConfig, GRPOTrainer, RLOOConfig, RLOOTrainer
from trl.experimental.online_dpo import OnlineDPOConfig, OnlineDPOTrainer

STEPS, PROMPTS, SAMPLES, MOST_TOKENS = 4, 3, 3, 10
SHARED = dict(temperature=0.7, max_completion_length=MOST_TOKENS, num_generations=SAMPLES)
CASES = {
    "rloo": (RLOOTrainer, RLOOConfig, dict(beta=0.2, epsilon=0.1, num_iterations=2)),
    "rloo, normalised": (RLOOTrainer, RLOOConfig, dict(beta=0.05, normalize_advantages=True)),
    "grpo": (GRPOTrainer, GRPOConfig, dict(loss_type="grpo", beta=0.3, epsilon=0.1, num_iterations=2)),
    "dapo": (GRPOTrainer, GRPOConfig, dict(loss_type="dapo", beta=0.0, scale_rewards="batch")),
    "dr-grpo": (GRPOTrainer, GRPOConfig, dict(loss_type="dr_grpo", beta=0.1, scale_rewards="none")),
}


def recorded_steps(rng, samples):
    tokens = lambda low, high: [rng.randrange(3, VOCAB) for _ in range(rng.randint(low, high))]
    return [
        [
            {
                "prompt": [BOS, *tokens(1, 5)],
                "responses": [
                    {"response": [*tokens(2, MOST_TOKENS - 1), EOS], "score": rng.gauss(0.3, 1.0)} for _ in range(samples)
                ],
            }
            for _ in range(PROMPTS)
        ]
        for _ in range(STEPS)
    ]


def with_given_responses(trainer_class, steps):
    """The trainer with our responses in place of its own, and its data in file order."""

    class Given(trainer_class):
        at = 0
        losses = []

        def _get_train_sampler(self, dataset=None):
            sampler = super()._get_train_sampler(dataset)
            sampler.shuffle = False
            return sampler

        def _generate_single_turn(self, prompt_ids, *args, **kwargs):
            responses = [one["response"] for group in steps[Given.at] for one in group["responses"]]
            Given.at += 1
            return (responses, None) if trainer_class is GRPOTrainer else responses

        def compute_loss(self, *args, **kwargs):
            loss = super().compute_loss(*args, **kwargs)
            self.losses.append(loss.item())
            return loss

    Given.at, Given.losses = 0, []
    return Given


def run(folder, steps, trainer_class, config, settings):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    iterations = settings.get("num_iterations", 1)
    scores = [[one["score"] for group in step for one in group["responses"]] for step in steps]
    given = with_given_responses(trainer_class, steps)
    trainer = given(
        model=model,
        reward_funcs=lambda completions, **_: scores[given.at - 1],
        args=config(**usual(STEPS * iterations, per_device_train_batch_size=PROMPTS * SAMPLES, **SHARED, **settings)),
        train_dataset=Dataset.from_list([{"prompt": as_text(group["prompt"])} for step in steps for group in step]),
        processing_class=tokenizer("<pad>"),
    )
    trainer.train()
    assert given.at == STEPS, given.at
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "losses": [trainer.losses[i : i + iterations] for i in range(0, len(trainer.losses), iterations)],
        "gradNorms": [float(entry["grad_norm"]) for entry in logs],
        "weights": fingerprint(model.named_parameters()),
    }


def online_dpo(folder, steps):
    """TRL keeps the two responses of a prompt in two halves of the batch."""
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    halves = [[group["responses"][half] for half in (0, 1) for group in step] for step in steps]
    pad = tokenizer("<pad>").pad_token_id
    losses = []

    class Given(OnlineDPOTrainer):
        at = 0

        def _get_train_sampler(self, dataset=None):
            return torch.utils.data.SequentialSampler(self.train_dataset)

        def _generate(self, model, prompts, images=None):
            rows = halves[Given.at]
            own = [group["prompt"] for group in steps[Given.at]] * 2
            Given.at += 1
            padded = lambda lists, left: [
                ([pad] * (max(map(len, lists)) - len(ids)) + ids) if left else (ids + [pad] * (max(map(len, lists)) - len(ids)))
                for ids in lists
            ]
            responses = [row["response"] for row in rows]
            mask = lambda lists, left: [
                ([0] * (max(map(len, lists)) - len(ids)) + [1] * len(ids)) if left else ([1] * len(ids) + [0] * (max(map(len, lists)) - len(ids)))
                for ids in lists
            ]
            return [torch.tensor(x) for x in (padded(own, True), mask(own, True), padded(responses, False), mask(responses, False))]

        def training_step(self, *args, **kwargs):
            loss = super().training_step(*args, **kwargs)
            losses.append(loss.item())
            return loss

    trainer = Given(
        model=model,
        ref_model=AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32),
        reward_funcs=lambda completions, **_: [row["score"] for row in halves[Given.at - 1]],
        args=OnlineDPOConfig(**usual(STEPS, per_device_train_batch_size=PROMPTS, beta=0.2, temperature=0.7, max_new_tokens=MOST_TOKENS)),
        train_dataset=Dataset.from_list([{"prompt": as_text(group["prompt"])} for step in steps for group in step]),
        processing_class=tokenizer("<pad>"),
    )
    trainer.train()
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    return {
        "losses": [[loss] for loss in losses],
        "gradNorms": [float(entry["grad_norm"]) for entry in logs],
        "weights": fingerprint(model.named_parameters()),
    }


def main(folder, out):
    steps = recorded_steps(random.Random(51), SAMPLES)
    pairs = recorded_steps(random.Random(52), 2)
    cases = {name: run(folder, steps, *case) for name, case in CASES.items()}
    write(out, {"steps": steps, "cases": cases, "onlineDpo": {"steps": pairs, **online_dpo(folder, pairs)}})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
