"""Records a few steps of FlipGuardDPOTrainer (python/flipguard_callback.py) on the tiny Llama, guard by guard, with the events that it wrote.

    python test/golden/training/flipguard.py test/assets/models/llama test/assets/training/flipguard.json
"""

import json
import pathlib
import sys

import torch
from common import as_text, fingerprint, in_order, random_pairs, tokenizer, usual, write
from datasets import Dataset
from transformers import AutoModelForCausalLM
from trl import DPOConfig

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "python"))
from flipguard_callback import FlipGuardDPOTrainer, Guard  # noqa: E402

STEPS, PAIRS = 6, 4
CASES = {
    "sequence, cross-entropy": dict(weight=0.5),
    "per-token, epsilon": dict(gate="per-token", epsilon=0.0002, weight=2.0),
    "margin, token-sum": dict(gate="margin", reduction="token-sum", weight=0.05),
    "sequence, kl": dict(divergence="kl", weight=3.0),
    "kl, token-sum": dict(divergence="kl", reduction="token-sum", weight=0.5),
    "masked kl": dict(divergence="masked-kl", weight=3.0),
    "masked kl, token-sum": dict(divergence="masked-kl", reduction="token-sum", weight=0.5),
    "ungated": dict(kind="ungated", weight=0.2),
    "random": dict(kind="random", random_rate=1.0, weight=0.2),
    "weight 0": dict(weight=0.0),
    "learned weight": dict(weight=0.4, learned_weight={"rate": 0.5, "target": 0.25}),
    "none": dict(kind="none"),
}
METRICS = ["loss", "rewards/chosen", "rewards/rejected", "rewards/margins", "logps/chosen", "logps/rejected"]
METRICS += ["guard/loss", "guard/firing_rate", "guard/weight"]


def run(folder, pairs, guard):
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    rows = [{part: as_text(ids) for part, ids in pair.items()} for pair in pairs]
    args = DPOConfig(**usual(STEPS, beta=0.1, per_device_train_batch_size=2, gradient_accumulation_steps=2, learning_rate=1e-3))
    trainer = in_order(FlipGuardDPOTrainer)(
        model=model,
        args=args,
        train_dataset=Dataset.from_list([{**row, "chosen": " " + row["chosen"], "rejected": " " + row["rejected"]} for row in rows]),
        processing_class=tokenizer("<pad>"),
        guard=Guard(**guard),
    )
    losses = []
    watched = trainer.compute_loss

    def kept(*given, **more):
        loss = watched(*given, **more)
        losses.append(loss.item())
        return loss

    trainer.compute_loss = kept
    trainer.train()
    events = [json.loads(line) for line in (pathlib.Path(args.output_dir) / "flipguard" / "events.ndjson").read_text().splitlines()]
    tables = [event["tables"] for event in events if event["type"] == "step" and event["tables"]]
    logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    steps = [
        {**{name: entry[name] for name in METRICS}, "loss": (losses[2 * i] + losses[2 * i + 1]) / 2, "grad_norm": float(entry["grad_norm"])}
        for i, entry in enumerate(logs)
    ]
    fired = [table["guarded"]["metrics"]["guard/fired"] for table in tables]
    margins = [table["trained"]["metrics"]["rewards/margins"] for table in tables]
    return {"guard": guard, "steps": steps, "fired": fired, "margins": margins, "weights": fingerprint(model.named_parameters())}


def main(folder, out):
    # Responses that differ in few tokens pull each other down, and each pair comes up again: so that some have fallen by then.
    pairs = [{**pair, "rejected": [*pair["chosen"][:-2], 3 + i, *pair["chosen"][-1:]]} for i, pair in enumerate(random_pairs(8, seed=13))]
    pairs = pairs * (STEPS * PAIRS // len(pairs))
    write(out, {"pairs": pairs, "cases": {name: run(folder, pairs, guard) for name, guard in CASES.items()}})


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2]))
